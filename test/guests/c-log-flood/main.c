// GET /flood?lines=N writes N lines of 100 bytes to stdout, then answers; /long?bytes=N one line of N bytes;
// /partial writes a line's beginning without its end. With LINES=N it writes N lines before it listens.
#include "../include/http.h"

static void flood(unsigned long long lines) {
  static char line[100];
  for (unsigned long long i = 1; i <= lines; i++) {
    memset(line, '.', sizeof line);
    line[http_number(line, i)] = ' ';
    line[99] = '\n';
    write(1, line, sizeof line);
  }
}

static void respond(const struct request *request, struct response *response) {
  if (strcmp(request->path, "/flood") == 0) flood(http_query(request, "lines"));
  if (strcmp(request->path, "/partial") == 0) write(1, "a beginning", 11);
  if (strcmp(request->path, "/long") == 0) {
    for (unsigned long long left = http_query(request, "bytes"); left > 0;) {
      size_t n = left < sizeof http_filler ? (size_t)left : sizeof http_filler;
      write(1, http_filler, n);
      left -= n;
    }
    write(1, "\n", 1);
  }
  strcpy(response->text, "written\n");
}

int main(void) {
  const char *lines = getenv("LINES");
  if (lines != NULL) flood(strtoull(lines, NULL, 10));
  return http_serve(3);
}
