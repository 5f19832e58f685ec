// Bodies of any size in bounded memory: any request with a body is answered with its bytes, counted; /download?bytes=N
// answers with N bytes.
#include "../include/http.h"

static void respond(const struct request *request, struct response *response) {
  if (strcmp(request->path, "/download") == 0) {
    response->filler = http_query(request, "bytes");
    return;
  }
  http_number(response->text, request->body_bytes);
  strcat(response->text, "\n");
}

int main(void) { return http_serve(3); }
