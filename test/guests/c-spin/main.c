// GET / answers at once; /spin?ms=N computes for that long without a call to the host other than the clock's, and / again
// answers only afterwards. /spin?ms=0 computes for ever. /wait?ms=N sleeps for that long, /trap crashes.
#include "../include/http.h"
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static volatile unsigned sink;

static void respond(const struct request *request, struct response *response) {
  strcpy(response->text, "done\n");
  unsigned long long ms = http_query(request, "ms");
  if (strcmp(request->path, "/trap") == 0) __builtin_trap();
  if (strcmp(request->path, "/wait") == 0) {
    struct timespec time = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
  }
  if (strcmp(request->path, "/spin") != 0) return;
  for (double end = now() + (double)ms; ms == 0 || now() < end;)
    for (unsigned i = 0; i < 100000; i++) sink += i;
}

int main(void) { return http_serve(3); }
