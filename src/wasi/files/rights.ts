/** `rights` of preview 1 as numbers: there are 30 of them. */
export const rights = {
  dataSync: 1 << 0,
  read: 1 << 1,
  seek: 1 << 2,
  setFlags: 1 << 3,
  sync: 1 << 4,
  tell: 1 << 5,
  write: 1 << 6,
  advise: 1 << 7,
  allocate: 1 << 8,
  createDirectory: 1 << 9,
  createFile: 1 << 10,
  linkSource: 1 << 11,
  linkTarget: 1 << 12,
  open: 1 << 13,
  readDirectory: 1 << 14,
  readLink: 1 << 15,
  renameSource: 1 << 16,
  renameTarget: 1 << 17,
  pathStatus: 1 << 18,
  pathSetSize: 1 << 19,
  pathSetTimes: 1 << 20,
  status: 1 << 21,
  setSize: 1 << 22,
  setTimes: 1 << 23,
  symbolicLink: 1 << 24,
  removeDirectory: 1 << 25,
  unlinkFile: 1 << 26,
  poll: 1 << 27,
  socketShutdown: 1 << 28,
  socketAccept: 1 << 29,
} as const;

/** wasi-libc asks for no more than the directory's inheriting rights: all of them, or it would open with too few. */
export const allRights = 0x3fff_ffff;

/** What needs a file that is open for writing. */
export const writeRights: number = rights.write | rights.allocate | rights.setSize;

export const fileRights: number =
  writeRights |
  rights.dataSync |
  rights.read |
  rights.seek |
  rights.setFlags |
  rights.sync |
  rights.tell |
  rights.advise |
  rights.status |
  rights.setTimes |
  rights.poll;

/** No seek, tell, read, write or set_size: the test-suite of WASI looks for their absence. */
export const directoryRights: number =
  rights.setFlags |
  rights.sync |
  rights.dataSync |
  rights.createDirectory |
  rights.createFile |
  rights.linkSource |
  rights.linkTarget |
  rights.open |
  rights.readDirectory |
  rights.readLink |
  rights.renameSource |
  rights.renameTarget |
  rights.pathStatus |
  rights.pathSetSize |
  rights.pathSetTimes |
  rights.status |
  rights.setTimes |
  rights.symbolicLink |
  rights.removeDirectory |
  rights.unlinkFile |
  rights.poll;

/** The rights of a guest's 64 bits. The others have no meaning; Go sets some of them. */
export function rightsFromBits(bits: bigint): number {
  return Number(bits & BigInt(allRights));
}
