/* Sinks in tests: what they were given, and what they say to that. */
#ifndef SINK_H
#define SINK_H

#include "async.h"

struct sink {
    pthread_mutex_t lock;
    pthread_cond_t came;
    unsigned heads;
    int status; /* of the last head */
    char etag[64];
    uint64_t count;
    size_t largest; /* write */
    bool is_right; /* byte number i is i modulo 251 */
    char text[256]; /* how it begins */
    unsigned writes, pauses, drops;
    pthread_t thread;
    int head_says, says;   /* instead of 0 */
    unsigned pauses_every; /* so many writes */
    void (*act)(struct sink *);
    httpc_client *client;
    httpc_cancel_token *token;
};

#define SINK {.lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER, .is_right = true}

static inline int32_t take_head(void *userdata, const httpc_response *head)
{
    struct sink *s = userdata;
    const char *etag = httpc_response_header(head, "etag");
    size_t length = 1;
    pthread_mutex_lock(&s->lock);
    CHECK(httpc_response_body(head, &length) != NULL);
    CHECK_EQ(length, 0);
    snprintf(s->etag, sizeof s->etag, "%s", etag != NULL ? etag : "");
    s->status = httpc_response_status(head);
    s->heads++;
    pthread_cond_broadcast(&s->came);
    pthread_mutex_unlock(&s->lock);
    return s->head_says;
}

static inline int32_t take_bytes(void *userdata, const void *data, size_t size)
{
    struct sink *s = userdata;
    const unsigned char *bytes = data;
    if (s->act != NULL) {
        s->act(s);
    }
    pthread_mutex_lock(&s->lock);
    CHECK(size > 0);
    for (size_t i = 0; i < size; i++) {
        s->is_right = s->is_right && bytes[i] == (s->count + i) % 251;
        if (s->count + i < sizeof s->text - 1) {
            s->text[s->count + i] = (char)bytes[i];
        }
    }
    s->largest = size > s->largest ? size : s->largest;
    s->count += size;
    s->writes++;
    s->thread = pthread_self();
    bool pauses = s->pauses_every > 0 && s->writes % s->pauses_every == 0;
    s->pauses += pauses;
    int32_t says = pauses ? HTTPC_SINK_PAUSE : s->says;
    pthread_cond_broadcast(&s->came);
    pthread_mutex_unlock(&s->lock);
    return says;
}

static inline void drop_sink(void *userdata)
{
    struct sink *s = userdata;
    pthread_mutex_lock(&s->lock);
    s->drops++;
    pthread_mutex_unlock(&s->lock);
}

#define AWAIT(s, condition)                                                                                              \
    do {                                                                                                                 \
        pthread_mutex_lock(&(s)->lock);                                                                                  \
        while (!(condition)) {                                                                                           \
            pthread_cond_wait(&(s)->came, &(s)->lock);                                                                   \
        }                                                                                                                \
        pthread_mutex_unlock(&(s)->lock);                                                                                \
    } while (0)

static inline httpc_request *request_into(struct sink *s, const char *url)
{
    httpc_request *request = new_request("GET", url);
    CHECK_CODE(httpc_request_set_body_sink(request, take_head, take_bytes, s, drop_sink), HTTPC_OK);
    return request;
}

/* The ways a call can go: blocking or submitted, by each version of HTTP. */
struct way {
    const char *name, *base;
    bool is_submitted;
};

static const struct way ways[] = {
    {"blocking", "URL", false},
    {"submitted", "URL", true},
    {"blocking over TLS", "TLS", false},
    {"submitted over TLS", "TLS", true},
    {"blocking over HTTP/2", "H2C", false},
    {"submitted over HTTP/2", "H2C", true},
};

/* With an older libcurl there is no HTTP/2. */
static inline const struct way *end_of_ways(void)
{
    return ways + sizeof ways / sizeof ways[0] - (has_old_libcurl() ? 2 : 0);
}

#define IN_EVERY_WAY for (const struct way *way = ways; way < end_of_ways(); way++)

static inline httpc_config *config_of(const struct way *way)
{
    httpc_config *config = new_config();
    httpc_config_set_base_url(config, address(way->base));
    httpc_config_set_ca_file(config, address("CA"));
    if (strcmp(way->base, "H2C") == 0) {
        httpc_config_set_protocol(config, HTTPC_PROTOCOL_HTTP_2_PRIOR_KNOWLEDGE);
    }
    return config;
}

/* Takes the request. */
static inline struct outcome make(const struct way *way, httpc_client *client, httpc_request *request)
{
    if (way->is_submitted) {
        return submit_and_wait(client, request);
    }
    struct outcome o = send_request(client, request);
    httpc_request_free(request);
    return o;
}

#endif
