/* Clients: the short calls, connections that are kept, and the end of a client. */
#include "server.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/wait.h>

TEST(null_means_all_defaults)
{
    httpc_client *client = NULL;
    CHECK_CODE(httpc_client_new(NULL, &client, NULL), HTTPC_OK);
    CHECK_CODE(code_of(get(client, text("%s/echo", address("URL")))), HTTPC_OK);
    CHECK_CODE(code_of(get(client, "/echo")), HTTPC_E_URL);
    httpc_client_free(client);
    httpc_client_free(NULL);
}

static httpc_code (*const bodyless[])(httpc_client *, const char *, httpc_response **, httpc_error **) = {
    httpc_get, httpc_head, httpc_delete, httpc_options,
};
static const char *const bodyless_methods[] = {"GET", "HEAD", "DELETE", "OPTIONS"};

TEST(short_calls_without_a_body)
{
    httpc_client *client = new_client(NULL);
    for (size_t i = 0; i < 4; i++) {
        httpc_response *response = NULL;
        const char *key = new_key();
        CHECK_CODE(bodyless[i](client, text("/echo?key=%s", key), &response, NULL), HTTPC_OK);
        CHECK_EQ(httpc_response_status(response), 200);
        size_t length = 0;
        httpc_response_body(response, &length);
        CHECK_EQ(length == 0, bodyless[i] == httpc_head);
        CHECK(httpc_response_header(response, "content-length") != NULL);
        httpc_response_free(response);
        httpc_response *log = server_log(key);
        CHECK_STR(logged(log, 0, "method"), bodyless_methods[i]);
        CHECK_STR(logged(log, 0, "headers/content-length/0"), NULL);
        CHECK_STR(logged(log, 0, "headers/transfer-encoding/0"), NULL);
        CHECK_STR(logged(log, 0, "headers/host/0"), address("URL") + strlen("http://"));
        httpc_response_free(log);
    }
    httpc_client_free(client);
}

TEST(short_calls_with_a_body)
{
    static httpc_code (*const calls[])(httpc_client *, const char *, const char *, const void *, size_t, httpc_response **,
                                       httpc_error **) = {httpc_post, httpc_put, httpc_patch};
    static const char *const methods[] = {"POST", "PUT", "PATCH"};
    httpc_client *client = new_client(NULL);
    for (size_t i = 0; i < 3; i++) {
        httpc_response *response = NULL;
        CHECK_CODE(calls[i](client, "/echo", "text/x-test", "some words", 10, &response, NULL), HTTPC_OK);
        CHECK_STR(httpc_response_json_string(response, "/method", NULL), methods[i]);
        CHECK_STR(httpc_response_json_string(response, "/body", NULL), "some words");
        CHECK_STR(httpc_response_json_string(response, "/headers/content-type/0", NULL), "text/x-test");
        CHECK_STR(httpc_response_json_string(response, "/headers/content-length/0", NULL), "10");
        httpc_response_free(response);

        CHECK_CODE(calls[i](client, "/echo", NULL, NULL, 0, &response, NULL), HTTPC_OK);
        CHECK_STR(httpc_response_json_string(response, "/headers/content-type/0", NULL), NULL);
        CHECK_STR(httpc_response_json_string(response, "/headers/content-length/0", NULL), "0");
        httpc_response_free(response);
    }
    httpc_client_free(client);
}

TEST(short_calls_with_json)
{
    static httpc_code (*const calls[])(httpc_client *, const char *, const char *, httpc_response **, httpc_error **) = {
        httpc_post_json, httpc_put_json, httpc_patch_json};
    static const char *const methods[] = {"POST", "PUT", "PATCH"};
    httpc_client *client = new_client(NULL);
    for (size_t i = 0; i < 3; i++) {
        httpc_response *response = NULL;
        CHECK_CODE(calls[i](client, "/echo", "{\"\xC3\xBC\": 1}", &response, NULL), HTTPC_OK);
        CHECK_STR(httpc_response_json_string(response, "/method", NULL), methods[i]);
        CHECK_STR(httpc_response_json_string(response, "/body", NULL), "{\"\xC3\xBC\": 1}");
        CHECK_STR(httpc_response_json_string(response, "/headers/content-type/0", NULL), "application/json");
        CHECK_STR(httpc_response_json_string(response, "/headers/accept/0", NULL), "application/json");
        httpc_response_free(response);
    }
    httpc_client_free(client);
}

TEST(connections_are_kept_and_used_again)
{
    httpc_client *client = new_client(NULL);
    int64_t connection = -1;
    for (int i = 0; i < 5; i++) {
        struct outcome o = i % 2 == 0 ? get(client, "/echo") : post(client, "/status/404", "x");
        CHECK_EQ(httpc_attempt_reused(attempt(&o, 0)), i > 0);
        connection = i == 0 ? httpc_attempt_connection_id(attempt(&o, 0)) : connection;
        CHECK(connection >= 0);
        CHECK_EQ(httpc_attempt_connection_id(attempt(&o, 0)), connection);
        done(&o);
    }
    httpc_client_free(client);
}

struct background {
    pthread_t thread;
    httpc_client *client;
    char url[128]; /* of its own: the thread may begin late */
    struct outcome outcome;
};

static void *run_get(void *argument)
{
    struct background *b = argument;
    b->outcome = get(b->client, b->url);
    return NULL;
}

/* A call that has reached the server and gets no answer for long. */
static void start_call(struct background *b, httpc_client *client)
{
    const char *key = new_key();
    *b = (struct background){.client = client};
    snprintf(b->url, sizeof b->url, "/delay/30000?key=%s", key);
    CHECK_EQ(pthread_create(&b->thread, NULL, run_get, b), 0);
    double limit = now_ms() + 10000;
    while (server_count(key) < 1 && CHECK(now_ms() < limit)) {
        wait_until_ms(now_ms() + 1);
    }
}

TEST(close_ends_running_and_later_calls)
{
    httpc_client *client = new_client(NULL);
    struct background b;
    start_call(&b, client);
    double start = now_ms();
    CHECK_CODE(httpc_client_close(client, HTTPC_FOREVER, NULL), HTTPC_OK);
    CHECK_MS(now_ms() - start, 0, 500);
    pthread_join(b.thread, NULL);
    CHECK_CODE(b.outcome.code, HTTPC_E_CLOSED);
    CHECK_EQ(httpc_error_stop_reason(b.outcome.error), HTTPC_STOP_CLOSED);
    CHECK_EQ(httpc_error_send_state(b.outcome.error), HTTPC_SENT_MAYBE_SENT);
    clean_error(b.outcome.error);
    done(&b.outcome);

    const char *key = new_key();
    struct outcome o = get(client, text("/echo?key=%s", key));
    CHECK_CODE(o.code, HTTPC_E_CLOSED);
    CHECK_EQ(attempts(&o), 0);
    done(&o);
    CHECK_EQ(server_count(key), 0);
    /* Again and again is fine. */
    CHECK_CODE(httpc_client_close(client, 0, NULL), HTTPC_OK);
    CHECK_CODE(httpc_client_close(client, HTTPC_FOREVER, NULL), HTTPC_OK);
    httpc_client_free(client);
}

TEST(free_waits_for_running_calls)
{
    httpc_client *client = new_client(NULL);
    struct background b;
    start_call(&b, client);
    double start = now_ms();
    httpc_client_free(client);
    CHECK_MS(now_ms() - start, 0, 500);
    pthread_join(b.thread, NULL);
    CHECK_CODE(b.outcome.code, HTTPC_E_CLOSED);
    done(&b.outcome);
}

TEST(close_without_a_client_is_refused)
{
    httpc_error *error = NULL;
    CHECK_CODE(httpc_client_close(NULL, 0, &error), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(error), "`client`");
    httpc_error_free(error);
}

/* The server's end of the test: its listener, and a line to the client's, so that each knows when the other is done. */
struct late_server {
    int listener;
    int line;
};

/* Serves one connection at a time, and says something that nobody asked for once its answer was read. */
static void *serve_one_at_a_time(void *argument)
{
    struct late_server *server = argument;
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    static const char late[] = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";
    for (int served = 0; served < 3; served++) {
        int connection = accept(server->listener, NULL, NULL);
        char request[4096];
        while (recv(connection, request, sizeof request, 0) > 0) {
            send(connection, answer, sizeof answer - 1, MSG_NOSIGNAL);
            char was_read;
            if (recv(server->line, &was_read, 1, 0) != 1) {
                break;
            }
            send(connection, late, sizeof late - 1, MSG_NOSIGNAL);
            send(server->line, "", 1, MSG_NOSIGNAL);
        }
        close(connection);
    }
    return NULL;
}

TEST(a_connection_that_is_not_used_again_is_closed_before_the_next)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&here, length) == 0 && listen(listener, 5) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&here, &length) == 0);
    int lines[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, lines), 0);
    struct late_server late = {listener, lines[1]};
    pthread_t server;
    CHECK_EQ(pthread_create(&server, NULL, serve_one_at_a_time, &late), 0);
    httpc_config *config = new_config();
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, 1000);
    httpc_client *client = new_client(config);
    for (int i = 0; i < 3; i++) {
        CHECK_CODE(code_of(post(client, text("http://127.0.0.1:%d/", ntohs(here.sin_port)), "x")), HTTPC_OK);
        char was_sent;
        CHECK_EQ(send(lines[0], "", 1, MSG_NOSIGNAL), 1);
        CHECK_EQ(recv(lines[0], &was_sent, 1, 0), 1);
    }
    httpc_client_free(client);
    shutdown(listener, SHUT_RDWR);
    shutdown(lines[0], SHUT_RDWR);
    pthread_join(server, NULL);
    close(listener);
    close(lines[0]);
    close(lines[1]);
}

/* One connection and one handle of libcurl's serve requests of every shape: nothing of an earlier one is left in a later. */
TEST(nothing_of_a_request_survives_on_its_connection)
{
    static const struct {
        const char *method, *url, *body, *header;
    } table[] = {
        {"GET", "/echo", NULL, NULL},          {"POST", "/echo?a=1", "posted", "X-Odd"}, {"GET", "/echo", NULL, NULL},
        {"DELETE", "/echo", NULL, NULL},       {"GET", "/echo?a=1", NULL, "X-Odd"},      {"PUT", "/echo", "", NULL},
        {"GET", "/echo?", NULL, "User-Agent"}, {"PROPFIND", "/echo", "found", NULL},     {"GET", "/echo?a", NULL, NULL},
        {"PATCH", "/echo/x", NULL, NULL},      {"GET", "/echo", NULL, NULL},
    };
    httpc_client *client = new_client(NULL);
    const char *key = new_key();
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        httpc_request *request = new_request(table[i].method, table[i].url);
        httpc_request_set_header(request, "X-Key", key);
        if (table[i].body != NULL) {
            httpc_request_set_body(request, "text/plain", table[i].body, strlen(table[i].body));
        }
        if (table[i].header != NULL) {
            httpc_request_set_header(request, table[i].header, "own");
        }
        struct outcome o = send_request(client, request);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(httpc_attempt_reused(attempt(&o, 0)), i > 0);
        done(&o);
        httpc_request_free(request);
    }
    httpc_response *log = server_log(key);
    for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++) {
        const char *query = strchr(table[i].url, '?'), *header = table[i].header;
        CHECK_STR(logged(log, i, "method"), table[i].method);
        CHECK_STR(logged(log, i, "query"), query != NULL ? query + 1 : "");
        CHECK_STR(logged(log, i, "body"), table[i].body != NULL ? table[i].body : "");
        CHECK_STR(logged(log, i, "headers/content-type/0"), table[i].body != NULL ? "text/plain" : NULL);
        CHECK_STR(logged(log, i, "headers/x-odd/0"), header != NULL && strcmp(header, "X-Odd") == 0 ? "own" : NULL);
        bool own_agent = header != NULL && strcmp(header, "User-Agent") == 0;
        CHECK_HAS(logged(log, i, "headers/user-agent/0"), own_agent ? "own" : "libhttpclient/");
        CHECK_STR(logged(log, i, "headers/user-agent/1"), NULL);
    }
    httpc_response_free(log);
    httpc_client_free(client);
}
