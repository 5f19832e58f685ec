// Ends in the way it is told to. By its environment: LINES=N writes N lines to stderr first, EXIT=N ends at once,
// TRAP=1 traps at once, NEVER=1 never listens but goes on running, SLOW=MS listens only after that time.
// By a request: /exit?code=N, /trap, /overflow (the stack), /hang (never answers, and serves nobody else).
#include "../include/http.h"

#pragma clang diagnostic ignored "-Winfinite-recursion"
static int overflow(volatile char *before) {
  volatile char here[4096];
  here[0] = before[0];
  return overflow(here) + here[4095];
}

static void respond(const struct request *request, struct response *response) {
  if (strcmp(request->path, "/exit") == 0) {
    http_log("exit was asked for");
    exit((int)http_query(request, "code"));
  }
  if (strcmp(request->path, "/trap") == 0) {
    http_log("a trap was asked for");
    __builtin_trap();
  }
  if (strcmp(request->path, "/overflow") == 0) overflow("");
  if (strcmp(request->path, "/hang") == 0) for (;;) sleep(1000);
  strcpy(response->text, "alive\n");
}

static long variable(const char *name) {
  const char *value = getenv(name);
  return value == NULL ? -1 : atol(value);
}

int main(void) {
  for (long i = 1; i <= variable("LINES"); i++) {
    char line[32] = "line ";
    http_number(line + 5, (unsigned long long)i);
    http_log(line);
  }
  if (variable("TRAP") >= 0) __builtin_trap();
  if (variable("EXIT") >= 0) exit((int)variable("EXIT"));
  if (variable("SLOW") >= 0) usleep((useconds_t)variable("SLOW") * 1000);
  while (variable("NEVER") >= 0) sleep(1000);
  return http_serve(3);
}
