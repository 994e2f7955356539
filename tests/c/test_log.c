/* Logging: who is told what, and that no secret is. */
#include "server.h"

struct book {
    char text[16384];
    int lines[8];
    int dropped;
};

static void note(void *userdata, httpc_log_level level, const char *line)
{
    struct book *book = userdata;
    book->lines[level]++;
    size_t used = strlen(book->text);
    snprintf(book->text + used, sizeof book->text - used, "%s\n", line);
}

static void drop_book(void *userdata)
{
    ((struct book *)userdata)->dropped++;
}

static httpc_client *client_told_to(struct book *book, httpc_log_level level)
{
    httpc_config *config = new_config();
    httpc_config_set_bearer_token(config, SECRET);
    CHECK_CODE(httpc_config_set_log(config, level, note, book, drop_book), HTTPC_OK);
    return new_client(config);
}

TEST(every_attempt_is_a_line_at_debug)
{
    struct book book = {0};
    httpc_client *client = client_told_to(&book, HTTPC_LOG_DEBUG);
    struct outcome o = get(client, text("/sequence/503,200?key=%s", new_key()));
    CHECK_CODE(o.code, HTTPC_OK);
    done(&o);
    CHECK_EQ(book.lines[HTTPC_LOG_WARN], 1);
    CHECK_EQ(book.lines[HTTPC_LOG_DEBUG], 1);
    CHECK_HAS(book.text, "attempt 1: 503 in ");
    CHECK_HAS(book.text, "attempt 2 after ");
    CHECK_HAS(book.text, "(backoff): 200 in ");
    httpc_client_free(client);
    CHECK_EQ(book.dropped, 1);
}

TEST(a_failed_call_is_a_line_at_error)
{
    struct book book = {0};
    httpc_client *client = client_told_to(&book, HTTPC_LOG_ERROR);
    struct outcome o = get(client, "/status/404");
    CHECK_CODE(o.code, HTTPC_E_STATUS);
    CHECK_EQ(book.lines[HTTPC_LOG_ERROR], 1);
    CHECK_HAS(book.text, httpc_error_detail(o.error));
    done(&o);
    httpc_client_free(client);
}

TEST(the_wire_is_told_at_trace_without_secrets)
{
    struct book book = {0};
    httpc_client *client = client_told_to(&book, HTTPC_LOG_TRACE);
    httpc_request *request = new_request("POST", "/headers?Set-Cookie=" SECRET "&X-Seen=yes");
    httpc_request_set_secret_header(request, "X-Own", SECRET);
    httpc_request_set_header(request, "X-Plain", "plain");
    httpc_request_set_body(request, "text/plain", "four", 4);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    done(&o);
    httpc_request_free(request);
    CHECK_HAS(book.text, "> POST http://127.0.0.1:");
    CHECK_HAS(book.text, "/headers?...");
    CHECK_HAS(book.text, "> Authorization: [secret]");
    CHECK_HAS(book.text, "> X-Own: [secret]");
    CHECK_HAS(book.text, "> X-Plain: plain");
    CHECK_HAS(book.text, "> (4 bytes of body)");
    CHECK_HAS(book.text, "< HTTP/1.1 200");
    CHECK_HAS(book.text, "< X-Seen: yes");
    CHECK(strstr(book.text, SECRET) == NULL);
    httpc_client_free(client);
}

TEST(off_is_off)
{
    struct book book = {0};
    httpc_client *client = client_told_to(&book, HTTPC_LOG_OFF);
    struct outcome o = get(client, "/status/404");
    CHECK_CODE(o.code, HTTPC_E_STATUS);
    done(&o);
    CHECK_STR(book.text, "");
    httpc_client_free(client);
}

TEST(an_unknown_level_is_refused_and_its_userdata_dropped)
{
    struct book book = {0};
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_set_log(config, 17, note, &book, drop_book), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(httpc_config_error(config)), "`level`");
    CHECK_EQ(book.dropped, 1);
    httpc_config_free(config);
}
