/* Sources of bodies in tests: what a program's reader does, and what the server is to have got. */
#ifndef BODIES_H
#define BODIES_H

#include "async.h"

#include <sys/stat.h>

/* Byte number i of every test body. */
static inline char byte_at(uint64_t i)
{
    return (char)('a' + i % 23);
}

/* A reader of such a body, which does one thing wrong if it is told to. */
struct source {
    uint64_t length; /* where it ends */
    uint64_t at;
    size_t most;      /* in one piece; 0: no limit */
    uint64_t fail_at; /* from there on it returns `fails` */
    int64_t fails;
    int32_t rewind_says;
    httpc_client *frees; /* when it is first asked */
    unsigned reads, rewinds, drops;
};

static inline int64_t read_source(void *userdata, void *buffer, size_t size)
{
    struct source *s = userdata;
    s->reads++;
    httpc_client_free(s->frees);
    s->frees = NULL;
    if (s->fails != 0 && s->at >= s->fail_at) {
        return s->fails;
    }
    uint64_t left = (s->fails != 0 && s->fail_at < s->length ? s->fail_at : s->length) - s->at;
    size_t count = s->most != 0 && s->most < size ? s->most : size;
    count = count < left ? count : (size_t)left;
    for (size_t i = 0; i < count; i++) {
        ((char *)buffer)[i] = byte_at(s->at + i);
    }
    s->at += count;
    return (int64_t)count;
}

static inline int32_t rewind_source(void *userdata)
{
    struct source *s = userdata;
    s->rewinds++;
    s->at = 0;
    return s->rewind_says;
}

static inline void drop_source(void *userdata)
{
    ((struct source *)userdata)->drops++;
}

static inline httpc_request *request_from(const char *method, const char *url, struct source *s, bool rewinds, uint64_t length)
{
    httpc_request *request = new_request(method, url);
    CHECK_CODE(httpc_request_set_body_source(request, "text/plain", read_source, rewinds ? rewind_source : NULL, length, s,
                                             drop_source),
               HTTPC_OK);
    return request;
}

/* The listeners of HTTP/1.1 and HTTP/2; an older libcurl speaks the first only. */
static const char *const LISTENERS[] = {"URL", "H2C"};

static inline size_t listeners(void)
{
    return has_old_libcurl() ? 1 : 2;
}

static inline httpc_config *config_of(const char *listener)
{
    httpc_config *config = new_config();
    httpc_config_set_base_url(config, address(listener));
    if (strcmp(listener, "H2C") == 0) {
        httpc_config_set_protocol(config, HTTPC_PROTOCOL_HTTP_2_PRIOR_KNOWLEDGE);
    }
    return config;
}

/* The ways of performing a call. */
enum { BLOCKING, SUBMITTED, WAYS };

/* Takes the request. */
static inline struct outcome perform(int way, httpc_client *client, httpc_request *request)
{
    if (way == SUBMITTED) {
        return submit_and_wait(client, request);
    }
    struct outcome o = send_request(client, request);
    httpc_request_free(request);
    return o;
}

/* Whether text is the first `length` bytes of a test body, and no more. */
static inline bool is_test_body(const char *text, uint64_t length)
{
    for (uint64_t i = 0; text != NULL && i < length; i++) {
        if (text[i] != byte_at(i)) {
            return false;
        }
    }
    return text != NULL && text[length] == 0;
}

/* A file in the build folder, under a name that no other test uses. */
static inline const char *new_file(uint64_t length)
{
    const char *path = text("upload-%s.tmp", new_key());
    FILE *file = fopen(path, "wb");
    if (CHECK(file != NULL)) {
        for (uint64_t i = 0; i < length; i++) {
            fputc(byte_at(i), file);
        }
        CHECK(fclose(file) == 0);
    }
    return path;
}

#endif
