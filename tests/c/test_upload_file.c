/* Files as bodies, and memory that is lent instead of copied. */
#include "bodies.h"

#include <unistd.h>

#define BIG ((uint64_t)3 << 20)

static httpc_request *request_of(const char *method, const char *url, const char *path)
{
    httpc_request *request = new_request(method, url);
    CHECK_CODE(httpc_request_set_body_file(request, "text/plain", path), HTTPC_OK);
    return request;
}

TEST(a_file_arrives_with_its_length)
{
    static const uint64_t lengths[] = {0, 1, 1000, BIG};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (int way = 0; way < WAYS; way++) {
            httpc_client *client = new_client(NULL);
            const char *path = new_file(lengths[i]);
            struct outcome o = perform(way, client, request_of("PUT", "/echo", path));
            CHECK_CODE(o.code, HTTPC_OK);
            CHECK(is_test_body(httpc_response_json_string(o.response, "/body", NULL), lengths[i]));
            CHECK_STR(httpc_response_json_string(o.response, "/headers/content-length/0", NULL),
                      text("%llu", (unsigned long long)lengths[i]));
            done(&o);
            httpc_client_free(client);
            CHECK(unlink(path) == 0);
        }
    }
}

TEST(a_file_is_read_again_for_retries_and_redirects)
{
    for (int way = 0; way < WAYS; way++) {
        httpc_client *client = new_client(NULL);
        const char *key = new_key(), *path = new_file(1000);
        struct outcome o = perform(way, client, request_of("PUT", text("/sequence/503,reset,200?key=%s", key), path));
        if (!CHECK_CODE(o.code, HTTPC_OK)) {
            fprintf(stderr, "  %d: %s\n", way, httpc_error_detail(o.error));
        }
        done(&o);
        httpc_response *log = server_log(key);
        for (unsigned i = 0; i < 3; i++) {
            CHECK(is_test_body(logged(log, i, "body"), 1000));
        }
        httpc_response_free(log);

        o = perform(way, client, request_of("POST", "/redirect/307?to=/echo", path));
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK(is_test_body(httpc_response_json_string(o.response, "/body", NULL), 1000));
        done(&o);
        httpc_client_free(client);
        CHECK(unlink(path) == 0);
    }
}

static void check_refused(const char *path, const char *says)
{
    for (int way = 0; way < WAYS; way++) {
        httpc_client *client = new_client(NULL);
        const char *key = new_key();
        httpc_request *request = request_of("PUT", text("/echo?key=%s", key), path);
        httpc_error *error = NULL;
        httpc_response *response = NULL;
        httpc_code code = way == BLOCKING ? httpc_send(client, request, &response, &error)
                                          : httpc_submit(client, request, NULL, NULL, NULL, &error);
        CHECK_CODE(code, HTTPC_E_FILE);
        CHECK(clean_error(error));
        CHECK_HAS(httpc_error_detail(error), says);
        CHECK_EQ(server_count(key), 0);
        httpc_error_free(error);
        httpc_request_free(request);
        httpc_client_free(client);
    }
}

TEST(what_is_no_file_sends_nothing)
{
    check_refused("no-such-file.tmp", "the file no-such-file.tmp cannot be opened: No such file");
    check_refused("/", "is a directory");
    check_refused("/dev/zero", "is no regular file");
    CHECK_CODE(httpc_request_set_body_file(NULL, NULL, "x"), HTTPC_E_INVALID_ARG);
    httpc_request *request = new_request("PUT", "/echo");
    CHECK_CODE(httpc_request_set_body_file(request, NULL, NULL), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(httpc_request_error(request)), "`path`");
    httpc_request_free(request);
}

/* Changes the file at the first news of the attempt: it was opened before. */
struct change {
    const char *path;
    off_t length;
    bool is_done;
};

static int32_t change_file(void *userdata, uint64_t uploaded, uint64_t total, uint64_t downloaded, uint64_t all)
{
    struct change *change = userdata;
    if (!change->is_done) {
        change->is_done = true;
        CHECK(truncate(change->path, change->length) == 0);
    }
    (void)uploaded, (void)total, (void)downloaded, (void)all;
    return 0;
}

static void check_change(int way, off_t length)
{
    httpc_client *client = new_client(NULL);
    const char *key = new_key(), *path = new_file(BIG);
    struct change change = {path, length, false};
    httpc_request *request = request_of("PUT", text("/echo?key=%s", key), path);
    CHECK_CODE(httpc_request_set_progress(request, change_file, &change, NULL), HTTPC_OK);
    struct outcome o = perform(way, client, request);
    CHECK(change.is_done);
    CHECK_CODE(o.code, HTTPC_E_FILE);
    CHECK_HAS(httpc_error_detail(o.error), "changed its size while it was sent");
    CHECK_EQ(httpc_error_attempts(o.error), 1);
    done(&o);
    httpc_client_free(client);
    CHECK(unlink(path) == 0);
}

TEST(a_file_that_changes_its_size_is_an_error)
{
    for (int way = 0; way < WAYS; way++) {
        check_change(way, (off_t)BIG / 2);
        check_change(way, (off_t)BIG + 1);
    }
}

static void count_drop(void *userdata)
{
    ++*(unsigned *)userdata;
}

TEST(lent_memory_goes_out_and_is_given_back_once)
{
    char *memory = malloc(BIG);
    for (uint64_t i = 0; i < BIG; i++) {
        memory[i] = byte_at(i);
    }
    for (int way = 0; way < WAYS; way++) {
        httpc_client *client = new_client(NULL);
        unsigned drops = 0;
        const char *key = new_key();
        httpc_request *request = new_request("PUT", text("/sequence/503,200?key=%s", key));
        CHECK_CODE(httpc_request_set_body_borrowed(request, "text/plain", memory, BIG, &drops, count_drop), HTTPC_OK);
        struct outcome o = perform(way, client, request);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_EQ(drops, 1);
        done(&o);
        httpc_response *log = server_log(key);
        CHECK(is_test_body(logged(log, 0, "body"), BIG));
        CHECK(is_test_body(logged(log, 1, "body"), BIG));
        httpc_response_free(log);

        request = new_request("POST", "/echo");
        CHECK_CODE(httpc_request_set_body_borrowed(request, NULL, NULL, 0, &drops, count_drop), HTTPC_OK);
        o = perform(way, client, request);
        CHECK_STR(httpc_response_json_string(o.response, "/headers/content-length/0", NULL), "0");
        CHECK_EQ(drops, 2);
        done(&o);
        httpc_client_free(client);
    }
    free(memory);

    unsigned drops = 0;
    httpc_request *request = new_request("POST", "/echo");
    CHECK_CODE(httpc_request_set_body_borrowed(request, NULL, NULL, 5, &drops, count_drop), HTTPC_E_INVALID_ARG);
    CHECK_EQ(drops, 1);
    httpc_request_free(request);
}
