/*
 * Tables of what servers do wrong. Whatever it is, a call ends once and in time, with the right code and a readable reason,
 * sends nothing that was not decided on, and leaves the client fit for the next call. Every table runs once for each way of
 * performing a call.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include "server.h"

#define TOTAL_MS 3000
#define READ_MS 200
/* How late a call may end. */
#define LATE_MS 250

struct fault {
    const char *what;
    /* A path of the server, or the name of an address; NULL for these bytes, after which the server does `then`. */
    const char *url;
    const char *raw;
    size_t raw_length;
    const char *then;
    /* What follows without end when the server repeats, and the pause between two of it. */
    const char *part;
    unsigned interval_ms;
    /* They come before the body of the request is read. */
    bool early;
    /* The address whose path `url` is, or where the bytes come from: URL when NULL. */
    const char *base;
    /* GET when NULL, and the length of its body. */
    const char *method;
    size_t body_length;
    /* Where RFC 9112 leaves it to the recipient, or chance decides, `or_code` is right as well. */
    httpc_code code, or_code, or_even;
    /* 0: chance decides. */
    unsigned attempts;
    /* Those of them that went elsewhere. */
    unsigned hops;
    /* A connection may go while a request is on its way to it. */
    bool loses;
    /* What a person needs to know of it, in the detail; or the body of what is no failure. */
    const char *says;
    /* TOTAL_MS when 0. */
    unsigned within_ms;
};

/* The members of a row, in this order: {"what", AT(...) or RAW(...), ENDS(...) or EITHER(...), ONCE or RETRIED, ...}. */
#define AT(path) .url = path
#define RAW(bytes) .raw = bytes, .raw_length = sizeof bytes - 1
#define ENDS(with) .code = with, .or_code = with
#define EITHER(one, other) .code = one, .or_code = other
#define ONE_OF(one, other, third) .code = one, .or_code = other, .or_even = third
#define LOSES .loses = true
#define ONCE .attempts = 1
#define RETRIED .attempts = 2
#define EARLY(bytes) RAW(bytes), .early = true
#define THEN(what_follows) .then = what_follows
#define ENDLESS(bytes) .then = "repeat", .part = bytes
#define EVERY(ms, bytes) ENDLESS(bytes), .interval_ms = ms
#define SAYS(words) .says = words
#define SENT(method_name, length) .method = method_name, .body_length = length
#define OVER_TLS .base = "TLS"
#define WITHIN(ms) .within_ms = ms

/* ---- Ways of performing a call ---- */

struct way {
    const char *name;
    struct outcome (*perform)(httpc_client *, const httpc_request *);
};

static struct outcome submit_and_take(httpc_client *client, const httpc_request *request)
{
    struct outcome o = {HTTPC_OK, NULL, NULL, now_ms()};
    httpc_call *submitted = NULL;
    o.code = httpc_submit(client, request, NULL, NULL, &submitted, &o.error);
    if (o.code == HTTPC_OK) {
        CHECK_CODE(httpc_call_wait(submitted, HTTPC_FOREVER, NULL), HTTPC_OK);
        o.code = httpc_call_take_result(submitted, &o.response, &o.error);
    }
    httpc_call_free(submitted);
    o.ms = now_ms() - o.ms;
    return o;
}

static const struct way ways[] = {
    {"httpc_send", send_request},
    {"httpc_submit", submit_and_take},
};

/* The one that runs now. */
static const struct way *way = ways;

#define IN_EVERY_WAY for (way = ways; way < ways + sizeof ways / sizeof ways[0]; way++)

/* A request of any method, with a body of that many bytes. */
static inline struct outcome make_call(httpc_client *client, const char *method, const char *url, size_t body_length)
{
    httpc_request *request = new_request(method, url);
    if (body_length > 0) {
        char *bytes = malloc(body_length);
        CHECK(bytes != NULL);
        memset(bytes, 'u', body_length);
        httpc_request_set_body(request, "text/plain", bytes, body_length);
        free(bytes);
    }
    struct outcome o = way->perform(client, request);
    httpc_request_free(request);
    return o;
}

/* ---- The runner ---- */

static inline const char *hex_of(const char *bytes, size_t length)
{
    char hex[3001] = "";
    if (!CHECK(2 * length < sizeof hex)) {
        return "";
    }
    for (size_t i = 0; i < length; i++) {
        snprintf(hex + 2 * i, 3, "%02x", (unsigned char)bytes[i]);
    }
    return text("%s", hex);
}

static inline bool is_address(const struct fault *fault)
{
    return fault->url != NULL && fault->url[0] != '/';
}

static inline const char *url_of(const struct fault *fault, const char *key)
{
    if (is_address(fault)) {
        return text("%s/?token=" SECRET, address(fault->url));
    }
    const char *base = address(fault->base != NULL ? fault->base : "URL");
    if (fault->url == NULL) {
        const char *repeat = fault->part == NULL ? ""
                                                 : text("&part=%s&interval=%u", hex_of(fault->part, strlen(fault->part)),
                                                        fault->interval_ms);
        return text("%s/%s?hex=%s&then=%s%s&key=%s&token=" SECRET, base, fault->early ? "early" : "raw",
                    hex_of(fault->raw, fault->raw_length), fault->then != NULL ? fault->then : "close", repeat, key);
    }
    return text("%s%s%ckey=%s&token=" SECRET, base, fault->url, strchr(fault->url, '?') != NULL ? '&' : '?', key);
}

/* What holds for every end of every call. */
static inline bool check_end(const struct outcome *o, double within_ms)
{
    bool good = CHECK_MS(o->ms, 0, within_ms + LATE_MS);
    good &= CHECK_EQ(o->response != NULL, o->code == HTTPC_OK);
    good &= CHECK_EQ(o->error != NULL, o->code != HTTPC_OK);
    good &= o->code == HTTPC_OK || clean_error(o->error);
    /* Of a field that the server sent. */
    good &= CHECK_HAS_NOT(httpc_error_detail(o->error), "value: [");
    return good & CHECK_HAS_NOT(httpc_error_detail(o->error), ": failed");
}

/* The server had it as often as the machine decided, and never where the library can prove that nothing was sent. */
static inline bool check_sent(const struct outcome *o, const char *key, unsigned hops, bool loses)
{
    long arrived = server_count(key);
    bool never = o->error != NULL && httpc_error_send_state(o->error) == HTTPC_SENT_NEVER_SENT;
    if (loses) {
        return CHECK_BETWEEN(arrived, 0, attempts(o));
    }
    return never ? CHECK_EQ(arrived, 0) : CHECK_EQ(arrived + hops, attempts(o));
}

/* The answer to this very request, and not what an earlier one left behind. */
static inline bool check_next_call(httpc_client *client, const char *base, const char *key)
{
    struct outcome o = make_call(client, "GET", text("%s/echo?after=%s", address(base), key), 0);
    bool good = CHECK_CODE(o.code, HTTPC_OK);
    good &= CHECK_STR(httpc_response_json_string(o.response, "/query", NULL), text("after=%s", key));
    /* A second attempt where the connection turned out to be closed by then. */
    good &= CHECK_BETWEEN(attempts(&o), 1, 2);
    if (!good) {
        fprintf(stderr, "  the next call: %s\n", httpc_error_detail(o.error));
    }
    done(&o);
    return good;
}

static inline void check_fault(httpc_client *client, const struct fault *fault)
{
    const char *key = new_key();
    struct outcome o = make_call(client, fault->method != NULL ? fault->method : "GET", url_of(fault, key), fault->body_length);
    bool third = fault->or_even != HTTPC_OK && o.code == fault->or_even;
    bool good = third || o.code == fault->or_code || CHECK_CODE(o.code, fault->code);
    good &= fault->attempts == 0 || CHECK_EQ(attempts(&o), fault->attempts);
    good &= check_end(&o, fault->within_ms != 0 ? fault->within_ms : TOTAL_MS);
    good &= is_address(fault) || check_sent(&o, key, fault->hops, fault->loses);
    if (fault->says != NULL) {
        good &= CHECK_HAS(o.code == HTTPC_OK ? body(&o) : httpc_error_detail(o.error), fault->says);
    }
    char detail[1024];
    snprintf(detail, sizeof detail, "%s", httpc_error_detail(o.error));
    bool goes_on = fault->part != NULL && o.code == HTTPC_OK;
    done(&o);
    const char *base = !is_address(fault) && fault->base != NULL ? fault->base : "URL";
    if (goes_on) {
        /* What comes behind an answer when the next request is out already cannot be told from the answer to that. */
        struct outcome either = make_call(client, "GET", text("%s/echo", address(base)), 0);
        done(&either);
    }
    good &= check_next_call(client, base, key);
    if (!good) {
        fprintf(stderr, "  for: %s, by %s (%s)\n", fault->what, way->name, detail);
    }
}

/* Two attempts without a pause to speak of, secrets that must not show, short timeouts. */
static inline void harden(httpc_config *config)
{
    httpc_retry_policy *policy = new_policy();
    httpc_retry_policy_set_max_attempts(policy, 2);
    httpc_retry_policy_set_backoff(policy, 1, 1.0, 1);
    httpc_config_set_retry(config, policy);
    httpc_retry_policy_free(policy);
    httpc_config_set_ca_file(config, address("CA"));
    httpc_config_set_bearer_token(config, SECRET);
    httpc_config_set_secret_header(config, "X-Api-Key", SECRET);
    httpc_config_set_max_body(config, 200000);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_ALL, READ_MS);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, TOTAL_MS);
}

static inline httpc_config *faulty_config(void)
{
    httpc_config *config = new_config();
    harden(config);
    return config;
}

/* Takes the config. */
static inline void check_faults(httpc_config *config, const struct fault *faults, size_t count)
{
    httpc_client *client = new_client(config);
    IN_EVERY_WAY
    {
        for (size_t i = 0; i < count; i++) {
            check_fault(client, &faults[i]);
        }
    }
    httpc_client_free(client);
}

#define CHECK_FAULTS(table) CHECK_FAULTS_WITH(faulty_config(), table)
#define CHECK_FAULTS_WITH(config, table) check_faults(config, table, sizeof table / sizeof table[0])

#endif
