/* Exchanges that are recorded to a file, and answered from it without a network. */
#include "files.h"
#include "mock.h"

static char *slurp(const char *path)
{
    static char contents[1 << 20];
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    size_t length = file == NULL ? 0 : fread(contents, 1, sizeof contents - 1, file);
    contents[length] = 0;
    if (file != NULL) {
        fclose(file);
    }
    return contents;
}

static const char *recording_path(void)
{
    return text("%s/%s.har", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp", new_key());
}

static httpc_client *recording_client(const char *path, int32_t secrets)
{
    httpc_config *config = new_config();
    CHECK_CODE(httpc_config_set_record(config, path, secrets), HTTPC_OK);
    CHECK_CODE(httpc_config_set_bearer_token(config, SECRET), HTTPC_OK);
    return new_client(config);
}

static struct outcome send_path(httpc_client *client, send_fn *send, const char *method, const char *url)
{
    httpc_request *request = new_request(method, url);
    struct outcome o = send(client, request);
    httpc_request_free(request);
    return o;
}

/* Answers from `path`, at the server's own URLs, in virtual time. */
static struct mocked replaying(const char *path, int32_t strict)
{
    struct mocked m = new_mock();
    httpc_error *error = NULL;
    if (!CHECK_CODE(httpc_mock_add_har(m.mock, path, strict, &error), HTTPC_OK)) {
        fprintf(stderr, "  %s\n", httpc_error_detail(error));
    }
    httpc_error_free(error);
    httpc_config *config = mock_config(&m);
    CHECK_CODE(httpc_config_set_base_url(config, address("URL")), HTTPC_OK);
    m.client = new_client(config);
    return m;
}

TEST_BOTH(what_was_recorded_is_answered_without_the_server)
{
    const char *path = recording_path(), *key = new_key();
    httpc_client *client = recording_client(path, 0);
    struct outcome first = send_path(client, send, "GET", text("/echo?key=%s", key));
    CHECK_CODE(first.code, HTTPC_OK);
    httpc_client_free(client);
    long before = server_count(key);
    for (int32_t strict = 0; strict <= 1; strict++) {
        struct mocked m = replaying(path, strict);
        struct outcome again = send_path(m.client, send, "GET", text("/echo?key=%s", key));
        CHECK_CODE(again.code, HTTPC_OK);
        CHECK_EQ(httpc_response_status(again.response), httpc_response_status(first.response));
        CHECK_STR(body(&again), body(&first));
        CHECK_STR(httpc_response_header(again.response, "content-type"),
                  httpc_response_header(first.response, "content-type"));
        CHECK_CODE(httpc_mock_verify(m.mock, NULL), HTTPC_OK);
        done(&again);
        free_mocked(&m);
    }
    CHECK_EQ(server_count(key), before);
    done(&first);
    remove(path);
}

TEST(secrets_are_redacted_unless_they_are_wanted)
{
    for (int32_t secrets = 0; secrets <= 1; secrets++) {
        const char *path = recording_path();
        httpc_client *client = recording_client(path, secrets);
        CHECK_CODE(code_of(get(client, "/status/200?api_key=" SECRET "&page=2")), HTTPC_OK);
        httpc_client_free(client);
        if (secrets) {
            CHECK_HAS(slurp(path), "Bearer " SECRET);
            CHECK_HAS(slurp(path), "api_key=" SECRET);
        } else {
            CHECK_HAS_NOT(slurp(path), SECRET);
            CHECK_HAS(slurp(path), "api_key=REDACTED&page=2");
        }
        struct mocked m = replaying(path, 1);
        CHECK_CODE(code_of(get(m.client, "/status/200?api_key=another&page=2")),
                   secrets ? HTTPC_E_NOT_MOCKED : HTTPC_OK);
        free_mocked(&m);
        remove(path);
    }
}

TEST(user_and_password_of_a_location_are_not_recorded)
{
    const char *path = recording_path();
    httpc_client *client = recording_client(path, 0);
    httpc_request *request = new_request("GET", "/status/302?header=Location:http://me:%70assw0rd@example.com/next%3Ftoken=1");
    httpc_request_set_max_redirects(request, 0);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_OK);
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
    CHECK_HAS_NOT(slurp(path), "passw0rd");
    CHECK_HAS(slurp(path), "\"redirectURL\":\"http://example.com/next?token=REDACTED\"");
    remove(path);
}

TEST(the_file_is_whole_after_each_exchange)
{
    const char *path = recording_path();
    httpc_client *client = recording_client(path, 0);
    for (size_t i = 0; i < 3; i++) {
        struct mocked m = new_mock();
        CHECK_CODE(httpc_mock_add_har(m.mock, path, 1, NULL), HTTPC_OK);
        free_mocked(&m);
        CHECK_CODE(code_of(get(client, "/status/204")), HTTPC_OK);
    }
    httpc_client_free(client);
    CHECK_HAS(slurp(path), "\"version\":\"1.2\"");
    remove(path);
}

TEST(each_attempt_is_recorded_failures_too)
{
    const char *path = recording_path();
    httpc_client *client = recording_client(path, 0);
    CHECK_CODE(code_of(get(client, text("%s/x", address("REFUSED")))), HTTPC_E_CONNECT);
    httpc_client_free(client);
    struct mocked m = replaying(path, 1);
    struct outcome o = get(m.client, text("%s/x", address("REFUSED")));
    CHECK_CODE(o.code, HTTPC_E_CONNECT);
    CHECK(attempts(&o) > 1);
    CHECK_CODE(httpc_mock_verify(m.mock, NULL), HTTPC_OK);
    done(&o);
    free_mocked(&m);
    remove(path);
}

/* Two answers of one URL, and one of another. */
static const char archive[] =
    "{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"a browser\",\"version\":\"1\"},\"entries\":["
    "{\"request\":{\"method\":\"GET\",\"url\":\"https://api.test/n\",\"headers\":[]},"
    "\"response\":{\"status\":200,\"headers\":[{\"name\":\"content-encoding\",\"value\":\"gzip\"}],"
    "\"content\":{\"text\":\"b25l\",\"encoding\":\"base64\"}}},"
    "{\"request\":{\"method\":\"GET\",\"url\":\"https://api.test/n\"},"
    "\"response\":{\"status\":200,\"content\":{\"text\":\"two\"}}},"
    "{\"request\":{\"method\":\"POST\",\"url\":\"https://api.test/m\",\"postData\":{\"text\":\"a=b\"}},"
    "\"response\":{\"status\":201,\"content\":{}}}]}}";

static struct mocked replaying_archive(int32_t strict)
{
    const char *path = recording_path();
    FILE *file = fopen(path, "wb");
    fputs(archive, file);
    fclose(file);
    struct mocked m = new_mocked();
    CHECK_CODE(httpc_mock_add_har(m.mock, path, strict, NULL), HTTPC_OK);
    remove(path);
    return m;
}

static void check_body(struct outcome o, const char *wanted)
{
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(body(&o), wanted);
    done(&o);
}

TEST(a_lenient_replay_takes_any_order_and_repeats_the_last)
{
    struct mocked m = replaying_archive(0);
    CHECK_CODE(code_of(post(m.client, "/m", "whatever")), HTTPC_OK);
    check_body(get(m.client, "/n"), "one");
    check_body(get(m.client, "/n"), "two");
    check_body(get(m.client, "/n"), "two");
    free_mocked(&m);
}

TEST(a_strict_replay_wants_the_order_and_the_body)
{
    struct mocked m = replaying_archive(1);
    struct outcome early = post(m.client, "/m", "a=b");
    CHECK_CODE(early.code, HTTPC_E_NOT_MOCKED);
    CHECK_HAS(httpc_error_detail(early.error), "POST https://api.test/m, does not, since GET https://api.test/n comes first");
    check_body(get(m.client, "/n"), "one");
    check_body(get(m.client, "/n"), "two");
    struct outcome other = post(m.client, "/m", "a=c");
    CHECK_CODE(other.code, HTTPC_E_NOT_MOCKED);
    CHECK_HAS(httpc_error_detail(other.error), "the body differs at byte 2");
    CHECK_CODE(code_of(post(m.client, "/m", "a=b")), HTTPC_OK);
    CHECK_CODE(code_of(get(m.client, "/n")), HTTPC_E_NOT_MOCKED);
    done(&early);
    done(&other);
    free_mocked(&m);
}

TEST(a_strict_replay_wants_all_of_it)
{
    struct mocked m = replaying_archive(1);
    httpc_error *error = NULL;
    check_body(get(m.client, "/n"), "one");
    CHECK_CODE(httpc_mock_verify(m.mock, &error), HTTPC_E_NOT_MOCKED);
    CHECK_STR(httpc_error_detail(error), "GET https://api.test/n: wanted once, asked for 0 times\n"
                                         "POST https://api.test/m: wanted once, asked for 0 times");
    httpc_error_free(error);
    free_mocked(&m);
}

TEST(what_is_no_recording_is_refused)
{
    struct mocked m = new_mock();
    httpc_error *error = NULL;
    const char *path = recording_path();
    CHECK_CODE(httpc_mock_add_har(m.mock, path, 0, &error), HTTPC_E_FILE);
    CHECK_HAS(httpc_error_detail(error), "argument `path`");
    httpc_error_free(error);
    FILE *file = fopen(path, "wb");
    fputs("{\"log\":{}}", file);
    fclose(file);
    CHECK_CODE(httpc_mock_add_har(m.mock, path, 0, &error), HTTPC_E_INVALID_ARG);
    CHECK_HAS(httpc_error_detail(error), "has no /log/entries");
    httpc_error_free(error);
    CHECK_CODE(httpc_mock_add_har(m.mock, path, 2, NULL), HTTPC_E_INVALID_ARG);
    remove(path);
    free_mocked(&m);
}

TEST(a_recording_that_cannot_be_made_is_an_error_of_the_client)
{
    httpc_config *config = new_config();
    httpc_client *client = NULL;
    httpc_error *error = NULL;
    CHECK_CODE(httpc_config_set_record(config, "/nowhere/at/all.har", 0), HTTPC_OK);
    CHECK_CODE(httpc_client_new(config, &client, &error), HTTPC_E_FILE);
    CHECK_HAS(httpc_error_detail(error), "/nowhere/at/all.har cannot be written");
    httpc_error_free(error);
    httpc_config_free(config);
}
