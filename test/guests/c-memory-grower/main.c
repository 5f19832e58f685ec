// GET /grow grows the memory until the host refuses, and answers with the pages it got to; GET / with the pages it has.
#include "../include/http.h"

static void respond(const struct request *request, struct response *response) {
  if (strcmp(request->path, "/grow") == 0)
    while (__builtin_wasm_memory_grow(0, 1) != (size_t)-1) continue;
  http_number(response->text, __builtin_wasm_memory_size(0));
  strcat(response->text, "\n");
}

int main(void) { return http_serve(3); }
