// A CGI program that answers with the content of /data/text.
#include <errno.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  char text[256] = "";
  FILE *file = fopen("/data/text", "r");
  if (file == NULL || fgets(text, sizeof text, file) == NULL) {
    printf("Status: 500\nContent-Type: text/plain\n\n%s", strerror(errno));
    return 0;
  }
  printf("Content-Type: text/plain\n\n%s", text);
  return 0;
}
