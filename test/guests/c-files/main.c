// GET / answers with the content of /data/text; /write writes "written" to /data/out and says how that went.
#include "../include/http.h"
#include <errno.h>
#include <stdio.h>

static void respond(const struct request *request, struct response *response) {
  bool write = strcmp(request->path, "/write") == 0;
  FILE *file = fopen(write ? "/data/out" : "/data/text", write ? "w" : "r");
  bool done = false;
  if (file != NULL && write) done = fputs("written", file) >= 0;
  if (file != NULL && !write) done = fgets(response->text, sizeof response->text, file) != NULL;
  if (file != NULL && fclose(file) != 0) done = false;
  if (done && write) strcpy(response->text, "written\n");
  if (done) return;
  response->status = 500;
  strcpy(response->text, strerror(errno));
}

int main(void) { return http_serve(3); }
