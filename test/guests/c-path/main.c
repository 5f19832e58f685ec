// Answers with who it is (NAME, from the environment) and what it was asked for: `shop: GET /a?b`. /exit ends it.
#include "../include/http.h"

static void respond(const struct request *request, struct response *response) {
  if (strcmp(request->path, "/exit") == 0) exit(3);
  const char *name = getenv("NAME");
  char *to = response->text;
  http_copy(to, 60, name == NULL ? "c" : name, name == NULL ? 1 : strlen(name));
  strcat(to, ": ");
  strcat(to, request->method);
  strcat(to, " ");
  strncat(to, request->path, 80);
  if (request->query[0] != 0) strcat(to, "?");
  strncat(to, request->query, 80);
  strcat(to, "\n");
}

int main(void) { return http_serve(3); }
