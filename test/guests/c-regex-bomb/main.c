// A backtracking matcher, and an expression and a text that keep it busy for longer than the universe: GET /bomb matches (a+)+$ against
// many a's and a b, as a careless pattern of a web application does. GET / answers at once.
#include "../include/http.h"

static const char *text_end;

static bool groups(const char *at);

// a+ from here on: the longest first, then each shorter one.
static bool run(const char *at) {
  const char *end = at;
  while (end < text_end && *end == 'a') end++;
  for (; end > at; end--)
    if (groups(end)) return true;
  return false;
}

// What follows a group: another group, or the end.
static bool groups(const char *at) { return run(at) || at == text_end; }

static void respond(const struct request *request, struct response *response) {
  strcpy(response->text, "done\n");
  if (strcmp(request->path, "/bomb") != 0) return;
  char text[128];
  memset(text, 'a', sizeof text - 1);
  text[sizeof text - 1] = 'b';
  text_end = text + sizeof text;
  if (run(text)) strcpy(response->text, "matched\n");
}

int main(void) { return http_serve(3); }
