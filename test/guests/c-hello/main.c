// The smallest server: made to run a thousand times on one machine. NAME, from the environment, is in the answer.
// poll() takes 160 bytes of the 8 KiB stack for each connection.
#define CONNECTIONS_MAX 32
#define BUFFER_BYTES 1024
#define PIECE_BYTES 512
#include "../include/http.h"

static unsigned long long visits = 0;

static void respond(const struct request *request, struct response *response) {
  (void)request;
  const char *name = getenv("NAME");
  strcpy(response->text, "hello from ");
  http_copy(response->text + strlen(response->text), 100, name == NULL ? "c" : name, name == NULL ? 1 : strlen(name));
  strcat(response->text, ": visit ");
  http_number(response->text + strlen(response->text), ++visits);
  strcat(response->text, "\n");
}

int main(void) { return http_serve(3); }
