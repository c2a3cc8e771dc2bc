/** Makes names equal that differ in case only, as Go compares member names: ASCII, the long s and the Kelvin sign. */
export function foldName(name: string): string {
  return name
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replaceAll('\u017f', 's')
    .replaceAll('\u212a', 'k')
}
