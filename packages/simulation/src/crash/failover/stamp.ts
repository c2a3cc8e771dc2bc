/** The time as Patroni writes it. */
export function stamp(): string {
  return new Date().toISOString().replace('T', ' ').replace('.', ',').replace('Z', '')
}
