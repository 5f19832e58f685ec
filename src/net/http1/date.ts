let dateAt = 0;
let date = "";

/** The Date field's value (RFC 9110 §5.6.7), made once a second. */
export function currentDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateAt) {
    dateAt = second;
    date = new Date(second * 1000).toUTCString();
  }
  return date;
}
