// Does what a path says with files: /put/BYTES/FILE, /get/FILE, /ls/DIRECTORY, /rm/FILE, each from the root of the guest.
// A server where it is handed a listener, else a CGI program.
#include "../include/http.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int put(const char *path, long bytes) {
  static char block[4096];
  FILE *file = fopen(path, "w");
  if (file == NULL) return errno;
  int error = 0;
  memset(block, 'x', sizeof block);
  while (bytes > 0 && error == 0) {
    size_t part = bytes < (long)sizeof block ? (size_t)bytes : sizeof block;
    if (fwrite(block, 1, part, file) < part) error = errno;
    bytes -= (long)part;
  }
  if (fclose(file) != 0 && error == 0) error = errno;
  return error;
}

static int list(const char *path, char *text, size_t room) {
  DIR *directory = opendir(path);
  if (directory == NULL) return errno;
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    if (entry->d_name[0] == '.' || strlen(text) + strlen(entry->d_name) + 2 > room) continue;
    strcat(strcat(text, entry->d_name), "\n");
  }
  closedir(directory);
  return 0;
}

static int get(const char *path, char *text, size_t room) {
  FILE *file = fopen(path, "r");
  if (file == NULL) return errno;
  text[fread(text, 1, room - 1, file)] = 0;
  fclose(file);
  return 0;
}

/** 0 and a text, or an errno. */
static int act(const char *path, char *text, size_t room) {
  text[0] = 0;
  if (strncmp(path, "/put/", 5) == 0) {
    char *file;
    long bytes = strtol(path + 5, &file, 10);
    return put(file, bytes);
  }
  if (strncmp(path, "/get/", 5) == 0) return get(path + 4, text, room);
  if (strncmp(path, "/ls/", 4) == 0) return list(path + 3, text, room);
  if (strncmp(path, "/rm/", 4) == 0) return remove(path + 3) == 0 ? 0 : errno;
  return 0;
}

static void respond(const struct request *request, struct response *response) {
  int error = act(request->path, response->text, sizeof response->text);
  if (error == 0) return;
  response->status = 500;
  strcpy(response->text, strerror(error));
}

int main(void) {
  if (getenv("LISTEN_FDS") != NULL) return http_serve(3);
  static char text[4096];
  const char *path = getenv("PATH_INFO");
  int error = act(path == NULL ? "/" : path, text, sizeof text);
  printf("Status: %d\nContent-Type: text/plain\n\n%s", error == 0 ? 200 : 500, error == 0 ? text : strerror(error));
  return 0;
}
