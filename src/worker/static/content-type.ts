/** What a file holds, by its name: the registered type (IANA, RFC 9239 for scripts), and UTF-8 where that must be said. */
export function contentType(path: string): string {
  return types[extension(path)] ?? "application/octet-stream";
}

/** Whether a file of this name gets smaller by compression: what is compressed already has no compressed copies beside it. */
export function isCompressible(path: string): boolean {
  return !compressed.has(extension(path));
}

/** Whether the last component has an extension: a client that navigates to such a path wants that file and no other. */
export function hasExtension(path: string): boolean {
  return path.lastIndexOf(".") > path.lastIndexOf("/");
}

function extension(path: string): string {
  const dot = path.lastIndexOf(".");
  return dot <= path.lastIndexOf("/") ? "" : path.slice(dot + 1).toLowerCase();
}

const types: Readonly<Record<string, string>> = {
  // Without a prototype: "constructor" is a name like any other.
  __proto__: null as never,
  html: "text/html; charset=utf-8",
  htm: "text/html; charset=utf-8",
  xhtml: "application/xhtml+xml",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  cjs: "text/javascript; charset=utf-8",
  json: "application/json",
  map: "application/json",
  jsonld: "application/ld+json",
  geojson: "application/geo+json",
  webmanifest: "application/manifest+json",
  wasm: "application/wasm",
  xml: "application/xml",
  xsl: "application/xml",
  atom: "application/atom+xml",
  rss: "application/rss+xml",
  txt: "text/plain; charset=utf-8",
  log: "text/plain; charset=utf-8",
  md: "text/markdown; charset=utf-8",
  csv: "text/csv; charset=utf-8",
  ics: "text/calendar; charset=utf-8",
  vtt: "text/vtt; charset=utf-8",
  yaml: "application/yaml",
  yml: "application/yaml",
  toml: "application/toml",
  svg: "image/svg+xml",
  png: "image/png",
  apng: "image/apng",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  jxl: "image/jxl",
  ico: "image/vnd.microsoft.icon",
  bmp: "image/bmp",
  tif: "image/tiff",
  tiff: "image/tiff",
  woff: "font/woff",
  woff2: "font/woff2",
  ttf: "font/ttf",
  otf: "font/otf",
  mp3: "audio/mpeg",
  m4a: "audio/mp4",
  aac: "audio/aac",
  flac: "audio/flac",
  wav: "audio/wav",
  oga: "audio/ogg",
  ogg: "audio/ogg",
  opus: "audio/ogg",
  weba: "audio/webm",
  mp4: "video/mp4",
  m4v: "video/mp4",
  webm: "video/webm",
  ogv: "video/ogg",
  mov: "video/quicktime",
  m3u8: "application/vnd.apple.mpegurl",
  ts: "video/mp2t",
  pdf: "application/pdf",
  epub: "application/epub+zip",
  zip: "application/zip",
  gz: "application/gzip",
  tgz: "application/gzip",
  zst: "application/zstd",
  "7z": "application/x-7z-compressed",
  tar: "application/x-tar",
  rtf: "application/rtf",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
};

const compressed: ReadonlySet<string> = new Set(
  (
    "png apng jpg jpeg gif webp avif jxl woff woff2 mp3 m4a aac flac oga ogg opus weba mp4 m4v webm ogv mov ts epub " +
    "zip gz tgz br zst 7z xz bz2 docx xlsx pptx"
  ).split(" "),
);
