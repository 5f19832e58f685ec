const months = "JanFebMarAprMayJunJulAugSepOctNovDec";
/** RFC 9110 §5.6.7: IMF-fixdate, and the two obsolete forms that a recipient must understand. */
const imf = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) ([A-Z][a-z][a-z]) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
const rfc850 = /^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\d\d)-([A-Z][a-z][a-z])-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/;
const asctime = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z][a-z]) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/** Seconds since 1970; undefined for what is not a date. */
export function parseHttpDate(text: string, now: number = Date.now()): number | undefined {
  let found = imf.exec(text);
  if (found !== null) return seconds(found[3], found[2], found[1], found[4], found[5], found[6]);
  found = rfc850.exec(text);
  if (found !== null) {
    const thisYear = new Date(now).getUTCFullYear();
    let year = thisYear - (thisYear % 100) + Number(found[3]);
    // What seems to be more than 50 years ahead is the most recent year in the past that ends so.
    if (year > thisYear + 50) year -= 100;
    return seconds(String(year), found[2], found[1], found[4], found[5], found[6]);
  }
  found = asctime.exec(text);
  return found === null ? undefined : seconds(found[6], found[1], found[2], found[3], found[4], found[5]);
}

/** The date of so many seconds since 1970. */
export function httpDate(secondsSince1970: number): string {
  return new Date(secondsSince1970 * 1000).toUTCString();
}

function seconds(...parts: readonly (string | undefined)[]): number | undefined {
  const [year = "", month = "", day = "", hour = "", minute = "", second = ""] = parts;
  const index = months.indexOf(month);
  if (index % 3 !== 0) return undefined;
  const [d, h, m, s] = [Number(day), Number(hour), Number(minute), Number(second)];
  // 60: a leap second.
  if (h > 23 || m > 59 || s > 60) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), index / 3, d);
  // The day is one that the month has.
  if (date.getUTCDate() !== d) return undefined;
  return date.getTime() / 1000 + h * 3600 + m * 60 + s;
}
