/* The function that is told how far both bodies are. */
#include "bodies.h"

#define BIG ((uint64_t)8 << 20)

/* What it was told last, and whether it ever went back. */
struct news {
    uint64_t uploaded, upload_total, downloaded, download_total;
    unsigned count, drops, calls_after; /* after it said stop */
    bool has_said;
    bool went_back;
    int32_t says;
    uint64_t says_at;
};

static int32_t take_news(void *userdata, uint64_t uploaded, uint64_t upload_total, uint64_t downloaded, uint64_t download_total)
{
    struct news *n = userdata;
    n->went_back |= uploaded < n->uploaded || downloaded < n->downloaded;
    n->count++;
    n->calls_after += n->has_said;
    n->uploaded = uploaded;
    n->upload_total = upload_total;
    n->downloaded = downloaded;
    n->download_total = download_total;
    n->has_said = n->says != 0 && uploaded + downloaded >= n->says_at;
    return n->has_said ? n->says : 0;
}

static void drop_news(void *userdata)
{
    ((struct news *)userdata)->drops++;
}

static httpc_request *watched(const char *method, const char *url, struct news *news)
{
    httpc_request *request = new_request(method, url);
    CHECK_CODE(httpc_request_set_progress(request, take_news, news, drop_news), HTTPC_OK);
    return request;
}

TEST(the_last_news_of_an_attempt_is_the_whole)
{
    for (int way = 0; way < WAYS; way++) {
        httpc_client *client = new_client(NULL);
        struct news news = {0};
        CHECK_CODE(code_of(perform(way, client, watched("GET", text("/bytes/%llu", (unsigned long long)BIG), &news))), HTTPC_OK);
        CHECK(!news.went_back);
        CHECK_EQ(news.downloaded, BIG);
        CHECK_EQ(news.download_total, BIG);
        CHECK_EQ(news.uploaded, 0);
        CHECK_EQ(news.drops, 1);

        struct source source = {.length = BIG};
        news = (struct news){0};
        httpc_request *request = watched("POST", "/status/200?body=fine", &news);
        httpc_request_set_body_source(request, NULL, read_source, NULL, BIG, &source, NULL);
        CHECK_CODE(code_of(perform(way, client, request)), HTTPC_OK);
        CHECK(!news.went_back);
        CHECK_EQ(news.uploaded, BIG);
        CHECK_EQ(news.upload_total, BIG);
        CHECK_EQ(news.downloaded, 4);
        httpc_client_free(client);
    }
}

TEST(unknown_totals_are_unset_until_they_are_known)
{
    for (int way = 0; way < WAYS; way++) {
        httpc_client *client = new_client(NULL);
        struct source source = {.length = 100000};
        struct news news = {0};
        httpc_request *request = watched("POST", "/chunked?sizes=10,20", &news);
        httpc_request_set_body_source(request, NULL, read_source, NULL, HTTPC_UNSET, &source, NULL);
        CHECK_CODE(code_of(perform(way, client, request)), HTTPC_OK);
        CHECK_EQ(news.uploaded, 100000);
        CHECK_EQ(news.upload_total, 100000);
        CHECK_EQ(news.downloaded, 30);
        CHECK(news.download_total == HTTPC_UNSET);
        httpc_client_free(client);
    }
}

TEST(news_come_at_most_every_tenth_of_a_second)
{
    for (int way = 0; way < WAYS; way++) {
        httpc_client *client = new_client(NULL);
        struct news news = {0};
        struct outcome o = perform(way, client, watched("GET", "/trickle?bytes=20&interval=20", &news));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_BETWEEN(news.count, 2, 2 + o.ms / 100);
        CHECK_EQ(news.downloaded, 20);
        done(&o);
        httpc_client_free(client);
    }
}

TEST(news_of_a_body_in_memory_come_while_it_goes_out)
{
    static char body[BIG];
    for (int way = 0; way < WAYS; way++) {
        httpc_client *client = new_client(NULL);
        struct news news = {0};
        httpc_request *request = watched("POST", "/slow-upload?bytes=131072&interval=10", &news);
        httpc_request_set_body(request, NULL, body, sizeof body);
        CHECK_CODE(code_of(perform(way, client, request)), HTTPC_OK);
        CHECK_BETWEEN(news.count, 4, 1000);
        CHECK_EQ(news.uploaded, BIG);
        httpc_client_free(client);
    }
}

TEST(a_progress_function_may_stop_the_call)
{
    for (int way = 0; way < WAYS; way++) {
        httpc_client *client = new_client(NULL);
        const char *key = new_key();
        struct news news = {.says = 42, .says_at = 1};
        struct outcome o = perform(way, client, watched("GET", text("/endless?key=%s", key), &news));
        CHECK_CODE(o.code, HTTPC_E_ABORTED);
        CHECK(clean_error(o.error));
        CHECK_HAS(httpc_error_detail(o.error), "the progress function said stop, with 42");
        CHECK_EQ(server_count(key), 1);
        CHECK_EQ(news.calls_after, 0);
        CHECK_EQ(news.drops, 1);
        done(&o);
        CHECK_CODE(code_of(get(client, "/bytes/1")), HTTPC_OK);
        httpc_client_free(client);
    }
}

TEST(a_progress_function_can_be_taken_away)
{
    httpc_client *client = new_client(NULL);
    struct news news = {0};
    httpc_request *request = watched("GET", "/bytes/10", &news);
    CHECK_CODE(httpc_request_set_progress(request, NULL, NULL, NULL), HTTPC_OK);
    CHECK_EQ(news.drops, 1);
    CHECK_CODE(code_of(send_request(client, request)), HTTPC_OK);
    CHECK_EQ(news.count, 0);
    httpc_request_free(request);
    httpc_client_free(client);
}
