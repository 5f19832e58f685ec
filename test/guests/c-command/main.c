// A command: prints its arguments and environment, copies stdin, lists the directory that DIR names, and ends with EXIT.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

int main(int argc, char **argv) {
  for (int i = 0; i < argc; i++) printf("arg %d: %s\n", i, argv[i]);
  for (char **variable = environ; *variable != NULL; variable++) printf("env: %s\n", *variable);
  char buffer[4096];
  for (size_t n; (n = fread(buffer, 1, sizeof buffer, stdin)) > 0;) printf("stdin: %.*s\n", (int)n, buffer);
  const char *path = getenv("DIR");
  if (path != NULL) {
    DIR *dir = opendir(path);
    if (dir == NULL) printf("dir: %s\n", strerror(errno));
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) printf("entry: %s\n", entry->d_name);
  }
  fprintf(stderr, "done\n");
  const char *code = getenv("EXIT");
  return code == NULL ? 0 : atoi(code);
}
