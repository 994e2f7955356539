/*
 * What tests share about the scripted server: its URLs, its log, and calls as one value. Every test runs as
 * `testserver run -- TEST`, which names the server's addresses in HTTPC_TEST_... variables.
 */
#ifndef SERVER_H
#define SERVER_H

#include "check.h"

/* Put where a secret may stand; no detail may contain it. */
#define SECRET "s3cr3t-7f1c"

/* The address that testserver calls HTTPC_TEST_NAME. */
static inline const char *address(const char *name)
{
    char variable[64];
    snprintf(variable, sizeof variable, "HTTPC_TEST_%s", name);
    const char *value = getenv(variable);
    if (value == NULL) {
        fprintf(stderr, "%s is not set; run this as: testserver run -- PROGRAM\n", variable);
        exit(2);
    }
    return value;
}

/* Formatted text; the last 16 of a thread stay valid. */
__attribute__((format(printf, 1, 2))) static inline const char *text(const char *format, ...)
{
    static __thread char texts[16][4096];
    static __thread unsigned next;
    char *out = texts[next++ % 16];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(out, sizeof texts[0], format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof texts[0]) {
        fprintf(stderr, "too long for text(): %s\n", format);
        abort();
    }
    return out;
}

/* A name that no other test uses, for the server's log. */
static inline const char *new_key(void)
{
    static char keys[1024][32];
    static unsigned count;
    unsigned number = __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED);
    char *key = keys[number % 1024];
    snprintf(key, sizeof keys[0], "k%ld-%u", (long)getpid(), number);
    return key;
}

/* How a call ended, with all that the caller must free: done() does. */
struct outcome {
    httpc_code code;
    httpc_response *response;
    httpc_error *error;
    double ms;
};

static inline struct outcome get(httpc_client *client, const char *url)
{
    struct outcome o = {HTTPC_OK, NULL, NULL, now_ms()};
    o.code = httpc_get(client, url, &o.response, &o.error);
    o.ms = now_ms() - o.ms;
    return o;
}

static inline struct outcome post(httpc_client *client, const char *url, const char *body)
{
    struct outcome o = {HTTPC_OK, NULL, NULL, now_ms()};
    o.code = httpc_post(client, url, "text/plain", body, strlen(body), &o.response, &o.error);
    o.ms = now_ms() - o.ms;
    return o;
}

static inline struct outcome send_request(httpc_client *client, const httpc_request *request)
{
    struct outcome o = {HTTPC_OK, NULL, NULL, now_ms()};
    o.code = httpc_send(client, request, &o.response, &o.error);
    o.ms = now_ms() - o.ms;
    return o;
}

static inline void done(struct outcome *o)
{
    httpc_response_free(o->response);
    httpc_error_free(o->error);
    o->response = NULL;
    o->error = NULL;
}

static inline const httpc_attempt *attempt(const struct outcome *o, size_t index)
{
    return o->response != NULL ? httpc_response_attempt(o->response, index) : httpc_error_attempt(o->error, index);
}

static inline uint32_t attempts(const struct outcome *o)
{
    return o->response != NULL ? httpc_response_attempts(o->response) : httpc_error_attempts(o->error);
}

static inline const char *body(const struct outcome *o)
{
    return (const char *)httpc_response_body(o->response, NULL);
}

/* Frees the outcome too, for tests that want nothing but the code. */
static inline httpc_code code_of(struct outcome o)
{
    done(&o);
    return o.code;
}

static inline httpc_retry_policy *new_policy(void)
{
    httpc_retry_policy *policy = NULL;
    CHECK_CODE(httpc_retry_policy_new(&policy, NULL), HTTPC_OK);
    return policy;
}

/* The server as base URL, and the default retry rules without their pauses. */
static inline httpc_config *new_config(void)
{
    httpc_config *config = NULL;
    httpc_retry_policy *policy = new_policy();
    CHECK_CODE(httpc_config_new(&config, NULL), HTTPC_OK);
    CHECK_CODE(httpc_retry_policy_set_backoff(policy, 1, 1.0, 1), HTTPC_OK);
    CHECK_CODE(httpc_config_set_retry(config, policy), HTTPC_OK);
    CHECK_CODE(httpc_config_set_base_url(config, address("URL")), HTTPC_OK);
    httpc_retry_policy_free(policy);
    return config;
}

/* Takes the config; NULL means new_config(). */
static inline httpc_client *new_client(httpc_config *config)
{
    httpc_client *client = NULL;
    httpc_error *error = NULL;
    config = config != NULL ? config : new_config();
    if (!CHECK_CODE(httpc_client_new(config, &client, &error), HTTPC_OK)) {
        fprintf(stderr, "  %s\n", httpc_error_detail(error));
    }
    httpc_error_free(error);
    httpc_config_free(config);
    return client;
}

static inline httpc_request *new_request(const char *method, const char *url)
{
    httpc_request *request = NULL;
    CHECK_CODE(httpc_request_new(method, url, &request, NULL), HTTPC_OK);
    return request;
}

/* ---- What the server saw ---- */

static httpc_client *observer;

static inline void free_observer(void)
{
    httpc_client_free(observer);
    observer = NULL;
}

/* Asks the server itself; its /_ routes are not logged. */
static inline struct outcome ask_server(const char *path)
{
    if (observer == NULL) {
        observer = new_client(NULL);
        check_at_end = free_observer;
    }
    struct outcome o = get(observer, path);
    CHECK_CODE(o.code, HTTPC_OK);
    return o;
}

static inline long number_from_server(const char *path)
{
    struct outcome o = ask_server(path);
    char *end = NULL;
    long number = strtol(body(&o), &end, 10);
    CHECK(end != body(&o) && *end == 0);
    done(&o);
    return number;
}

/* How many requests with this key arrived. */
static inline long server_count(const char *key)
{
    return number_from_server(text("/_count?key=%s", key));
}

/* How many of them had this text in their body. */
static inline long server_count_body(const char *key, const char *part)
{
    return number_from_server(text("/_count_body?key=%s&contains=%s", key, part));
}

/* The log of a key as a JSON response: free it. */
static inline httpc_response *server_log(const char *key)
{
    struct outcome o = ask_server(text("/_log?key=%s", key));
    httpc_error_free(o.error);
    return o.response;
}

/* A member of the newest, the only, or the nth request of a log: logged(log, 0, "headers/x-name/0"). */
static inline const char *logged(const httpc_response *log, unsigned index, const char *member)
{
    return httpc_response_json_string(log, text("/%u/%s", index, member), NULL);
}

/* A promise about every failure: the detail is readable, one line, and gives nothing away. */
static inline bool clean_error(const httpc_error *error)
{
    const char *detail = httpc_error_detail(error);
    bool present = CHECK(error != NULL) && CHECK(detail[0] != 0);
    bool printable = CHECK_PRINTABLE(detail);
    return CHECK_HAS_NOT(detail, SECRET) && printable && present;
}

#endif
