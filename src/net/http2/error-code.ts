/** RFC 9113 §7. Our own, since node:http2, which has them too, is loaded when the first connection needs it: it takes 11 MiB. */
export const errorCode = { noError: 0x0, settingsTimeout: 0x4, refusedStream: 0x7, enhanceYourCalm: 0xb } as const;
