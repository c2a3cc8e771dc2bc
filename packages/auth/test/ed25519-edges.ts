/** A signature of {@link EDGE_MESSAGE} that implementations of Ed25519 are known to disagree about. */
export interface Ed25519Edge {
  readonly name: string
  readonly publicKey: string
  readonly signature: string
  readonly valid: boolean
}

/** What all of them are about. */
export const EDGE_MESSAGE = 'third-party invite'

/**
 * Keys and signatures at the edges of RFC 8032, in hex: each satisfies [8][S]B = [8]R + [8][k]A unless its name says
 * otherwise, so that the most lenient implementation takes it. Made from the group itself, with keys of our own.
 */
export const ED25519_EDGES: readonly Ed25519Edge[] = [
  {
    name: 'an honest signature',
    publicKey: '61485eb624d9786700ce78888fb6f475591f00567be8e573e9829b7df1f91acd',
    signature:
      '5d2cab483e085b809c8c65d3daa749d59c7ef940aa121ded279d032bb1f37e8c5ce71eecc7738afbf39b8dcc7d9a09f0be70a5d3eff543af6616a2096244700d',
    valid: true,
  },
  {
    name: 'S beyond the order of the base point',
    publicKey: '61485eb624d9786700ce78888fb6f475591f00567be8e573e9829b7df1f91acd',
    signature:
      '5d2cab483e085b809c8c65d3daa749d59c7ef940aa121ded279d032bb1f37e8c49bb1449e2d69c53ca38856f5c94e804bf70a5d3eff543af6616a2096244701d',
    valid: false,
  },
  {
    name: 'another S',
    publicKey: '61485eb624d9786700ce78888fb6f475591f00567be8e573e9829b7df1f91acd',
    signature:
      '5d2cab483e085b809c8c65d3daa749d59c7ef940aa121ded279d032bb1f37e8c5de71eecc7738afbf39b8dcc7d9a09f0be70a5d3eff543af6616a2096244700d',
    valid: false,
  },
  {
    name: 'a key of small order, 0',
    publicKey: '0100000000000000000000000000000000000000000000000000000000000000',
    signature:
      'c9a3f86aae465f0e56513864510f3997561fa2c9e85ea21dc2292309f3cd60220200000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
  {
    name: 'identity key, identity R, S 0',
    publicKey: '0100000000000000000000000000000000000000000000000000000000000000',
    signature:
      '01000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
  {
    name: 'a key of small order, 1',
    publicKey: 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    signature:
      'c9a3f86aae465f0e56513864510f3997561fa2c9e85ea21dc2292309f3cd60220200000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
  {
    name: 'a key of small order, 2',
    publicKey: '0000000000000000000000000000000000000000000000000000000000000080',
    signature:
      '1337036ac32d8f30d4589c3c1c595812ce0fff40e37c6f5a97ab213f318290ad0b00000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
  {
    name: 'a key of small order, 3',
    publicKey: '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    signature:
      'f1797bed4f44b2e7080dc20812d29fdfcd93208acf33ca6d89b977c8931b4ee01800000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
  {
    name: 'a key of small order, 4',
    publicKey: 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    signature:
      'd4b4f5784868c3020403246717ec169ff79e26608ea126a1ab69ee77d1b167120300000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
  {
    name: 'a key of small order, 5',
    publicKey: '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    signature:
      '933333622da9efdbe3dbdb39312c98da799b2d1f1ba7f42596fa7aa4f9daeb0a2200000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
  {
    name: 'a key of small order, 6',
    publicKey: '0000000000000000000000000000000000000000000000000000000000000000',
    signature:
      'f47e49f9d07ad2c1606b4d94067c41f9777d4ffda709b71da1d88628fce34d850600000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
  {
    name: 'a key of small order, 7',
    publicKey: 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    signature:
      '1337036ac32d8f30d4589c3c1c595812ce0fff40e37c6f5a97ab213f318290ad0b00000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
  {
    name: 'a key whose y is p, sign 0',
    publicKey: 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    signature:
      'c9a3f86aae465f0e56513864510f3997561fa2c9e85ea21dc2292309f3cd60220200000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
  {
    name: 'a key whose y is p, sign 1',
    publicKey: 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    signature:
      '9e286d335160c6ff6ea5d8c7c5d506ae35ccf8f4dde523f3e55a97b716d128661500000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
  {
    name: 'a key whose y is p + 1, sign 0',
    publicKey: 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    signature:
      'eec0332b78793d66ab6993a41f7b270405e546fc239af64d9ab7579c550c24a31700000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
  {
    name: 'a key whose y is p + 1, sign 1',
    publicKey: 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    signature:
      '58666666666666666666666666666666666666666666666666666666666666660100000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
  {
    name: 'a key with x 0 and its sign set',
    publicKey: '0100000000000000000000000000000000000000000000000000000000000080',
    signature:
      'edc876d6831fd2105d0b4389ca2e283166469289146e2ce06faefe98b22548df0500000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
  {
    name: 'R is the identity',
    publicKey: '61485eb624d9786700ce78888fb6f475591f00567be8e573e9829b7df1f91acd',
    signature:
      '010000000000000000000000000000000000000000000000000000000000000068158dbf82251f8f47fd1658b433d1e70ebea74e7069d2e1e6de38d551e7d705',
    valid: false,
  },
  {
    name: 'R of small order, right up to the cofactor',
    publicKey: '61485eb624d9786700ce78888fb6f475591f00567be8e573e9829b7df1f91acd',
    signature:
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a13dd255682e89d30fd9ff46ee1a5c0c71d105bc43a74ea2fc8d4ac0c5627ce05',
    valid: false,
  },
  {
    name: 'R is the identity, not canonical',
    publicKey: '61485eb624d9786700ce78888fb6f475591f00567be8e573e9829b7df1f91acd',
    signature:
      'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7fe812166d983523f564ba2a56b54837ef91235aa57de3ec2d7463a3961ea0e906',
    valid: false,
  },
  {
    name: 'a key of mixed order, right only with the cofactor',
    publicKey: 'c071b7719870acebe8257c09074a37feef0f7eac8adbc2d2d2b6ee9d0bbb8abd',
    signature:
      '586666666666666666666666666666666666666666666666666666666666666673f65655732fed827987eac842d09268d77acdd46d21549d52b46e67feda4c0c',
    valid: false,
  },
  {
    name: 'a key of mixed order, right without the cofactor',
    publicKey: 'c071b7719870acebe8257c09074a37feef0f7eac8adbc2d2d2b6ee9d0bbb8abd',
    signature:
      'c0f1225584444ec730446e231390781ffdd2f256e9fcbeb2f40dddc2c2233d7f30202ddf97a0b8e403eb6983f7a08a6fab11291f26e89a12caeb45756d970f08',
    valid: true,
  },
  {
    name: 'R of mixed order, right only with the cofactor',
    publicKey: '61485eb624d9786700ce78888fb6f475591f00567be8e573e9829b7df1f91acd',
    signature:
      '6b4bd8cd0b7a366c354130c588e2cfa977e56095cbcf17f8b9a0576419fabb589ca4370cf03072c2a070db6a05042d7b93dc6994eac617e82562e85fdb8e0803',
    valid: false,
  },
  {
    name: 'key and R of mixed order, right without the cofactor',
    publicKey: 'c071b7719870acebe8257c09074a37feef0f7eac8adbc2d2d2b6ee9d0bbb8abd',
    signature:
      '08e8461bace82b50af65402ff1cad3d2399afe459544096a7f106c54fc875d4288f1eb19a7f69402a6308f2da263bf11c87ceeb5aba053cba202eaf8e9a5020a',
    valid: true,
  },
  {
    name: 'a key that is not a point',
    publicKey: '0200000000000000000000000000000000000000000000000000000000000000',
    signature:
      '58666666666666666666666666666666666666666666666666666666666666660100000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
  {
    name: 'R that is not a point',
    publicKey: '61485eb624d9786700ce78888fb6f475591f00567be8e573e9829b7df1f91acd',
    signature:
      '02000000000000000000000000000000000000000000000000000000000000000100000000000000000000000000000000000000000000000000000000000000',
    valid: false,
  },
]
