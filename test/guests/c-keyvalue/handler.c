/* A handler that does what the path says with a store: /set/STORE/KEY/BYTES, /get/STORE/KEY, /add/STORE/KEY, /list/STORE, and /log. */
#include "../../../examples/c-handler/wasi-http.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEYVALUE(interface, name) __attribute__((import_module("wasi:keyvalue/" interface "@0.2.0-draft"), import_name(name)))

/* `variant error`: 0 no-such-store, 1 access-denied, 2 other. */
typedef struct {
  uint8_t tag;
  wasi_string why;
} error;

typedef struct {
  uint8_t failed;
  union {
    int32_t handle;
    error error;
  };
} opened;

typedef struct {
  uint8_t failed;
  error error;
} written;

typedef struct {
  uint8_t failed;
  union {
    wasi_option value;
    error error;
  };
} got;

typedef struct {
  uint8_t failed;
  union {
    uint64_t sum;
    error error;
  };
} added;

typedef struct {
  uint8_t failed;
  union {
    struct {
      wasi_string *at;
      size_t count;
      uint8_t more;
      uint64_t cursor;
    } page;
    error error;
  };
} listed;

KEYVALUE("store", "open") void store_open(const char *name, size_t length, opened *result);
KEYVALUE("store", "[method]bucket.get") void bucket_get(int32_t bucket, const char *key, size_t length, got *result);
KEYVALUE("store", "[method]bucket.set")
void bucket_set(int32_t bucket, const char *key, size_t length, const char *value, size_t bytes, written *result);
KEYVALUE("store", "[method]bucket.list-keys") void bucket_list(int32_t bucket, int32_t some, uint64_t after, listed *result);
KEYVALUE("store", "[resource-drop]bucket") void bucket_drop(int32_t bucket);
KEYVALUE("atomics", "increment") void increment(int32_t bucket, const char *key, size_t length, uint64_t by, added *result);
__attribute__((import_module("wasi:logging/logging@0.1.0-draft"), import_name("log")))
void log_message(int32_t level, const char *context, size_t context_length, const char *message, size_t length);

__attribute__((export_name("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  (void)old_size;
  (void)align;
  void *at = realloc(old, size);
  if (at == NULL) __builtin_trap();
  return at;
}

static char text[65536];

static void say_error(const error *error) {
  if (error->tag == 2) snprintf(text, sizeof text, "other: %.*s", (int)error->why.length, error->why.at);
  else strcpy(text, error->tag == 0 ? "no-such-store" : "access-denied");
}

static void act(char *path) {
  char *does = strtok(path, "/"), *store = strtok(NULL, "/"), *key = strtok(NULL, "/"), *bytes = strtok(NULL, "/");
  if (does == NULL) return;
  if (strcmp(does, "log") == 0) {
    log_message(3, "the\nshop", 8, "one\ntwo", 7);
    return;
  }
  if (store == NULL) return;
  opened open;
  store_open(store, strlen(store), &open);
  if (open.failed) {
    say_error(&open.error);
    return;
  }
  if (strcmp(does, "set") == 0) {
    size_t length = strtoul(bytes, NULL, 10);
    char *value = malloc(length);
    memset(value, 'x', length);
    written result;
    bucket_set(open.handle, key, strlen(key), value, length, &result);
    if (result.failed) say_error(&result.error);
    else strcpy(text, "ok");
  } else if (strcmp(does, "get") == 0) {
    got result;
    bucket_get(open.handle, key, strlen(key), &result);
    if (result.failed) say_error(&result.error);
    else if (!result.value.some) strcpy(text, "none");
    else snprintf(text, sizeof text, "%.*s", (int)result.value.string.length, result.value.string.at);
  } else if (strcmp(does, "add") == 0) {
    added result;
    increment(open.handle, key, strlen(key), 1, &result);
    if (result.failed) say_error(&result.error);
    else snprintf(text, sizeof text, "%llu", (unsigned long long)result.sum);
  } else {
    listed result;
    bucket_list(open.handle, 0, 0, &result);
    if (result.failed) say_error(&result.error);
    else
      for (size_t i = 0; i < result.page.count; i++) {
        strncat(text, result.page.at[i].at, result.page.at[i].length);
        strcat(text, " ");
      }
  }
  bucket_drop(open.handle);
}

__attribute__((export_name("wasi:http/incoming-handler@" WASI_HTTP_VERSION "#handle")))
void handle(int32_t request, int32_t out) {
  wasi_option path;
  wasi_request_path(request, &path);
  act(strndup(path.string.at, path.string.length));
  wasi_result fields, result;
  wasi_fields_from_list(NULL, 0, &fields);
  int32_t response = wasi_response(fields.handle);
  wasi_response_body(response, &result);
  int32_t body = result.handle;
  wasi_outgoing_body_write(body, &result);
  int32_t stream = result.handle;
  wasi_outparam_set(out, 0, response, 0, 0, 0, 0, 0, 0);
  wasi_write done;
  if (text[0] != 0) wasi_stream_write(stream, (const uint8_t *)text, strlen(text), &done);
  wasi_output_stream_drop(stream);
  uint8_t finished[40];
  wasi_outgoing_body_finish(body, 0, 0, finished);
  wasi_request_drop(request);
}
