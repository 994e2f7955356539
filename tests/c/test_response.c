/* Responses: status, headers, body, JSON and the record of how it came, and that they outlive what they came from. */
#include "server.h"

static httpc_client *client;
static struct outcome o;

static void fetch(const char *url)
{
    if (client == NULL) {
        httpc_config *config = new_config();
        httpc_config_set_status_errors(config, 0);
        client = new_client(config);
    }
    o = get(client, url);
    CHECK_CODE(o.code, HTTPC_OK);
}

static void stop(void)
{
    done(&o);
    httpc_client_free(client);
    client = NULL;
}

TEST(status_and_reason)
{
    fetch("/status/204");
    CHECK_EQ(httpc_response_status(o.response), 204);
    CHECK_STR(httpc_response_reason(o.response), "No Content");
    done(&o);
    fetch("/status/299?reason=Quite%20Good");
    CHECK_STR(httpc_response_reason(o.response), "Quite Good");
    done(&o);
    fetch("/status/200?reason=");
    CHECK_STR(httpc_response_reason(o.response), "");
    stop();
}

TEST(headers_are_found_in_any_letter_case_and_listed_in_order)
{
    fetch("/headers?X-One=first&x-two=a&X-TWO=b&X-Empty=&X-Bytes=%ff%80");
    CHECK_STR(httpc_response_header(o.response, "x-ONE"), "first");
    CHECK_STR(httpc_response_header(o.response, "X-Two"), "a");
    CHECK_STR(httpc_response_header(o.response, "x-empty"), "");
    CHECK_STR(httpc_response_header(o.response, "x-bytes"), "\xff\x80");
    CHECK_STR(httpc_response_header(o.response, "x-none"), NULL);
    CHECK_STR(httpc_response_header(o.response, ""), NULL);
    CHECK_STR(httpc_response_header(o.response, NULL), NULL);

    static const char *const wanted[][2] = {{"X-One", "first"}, {"x-two", "a"}, {"X-TWO", "b"}, {"X-Empty", ""}};
    size_t count = httpc_response_header_count(o.response), found = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = httpc_response_header_name(o.response, i);
        if (found < 4 && strcmp(name, wanted[found][0]) == 0) {
            CHECK_STR(httpc_response_header_value(o.response, i), wanted[found][1]);
            found++;
        }
    }
    CHECK_EQ(found, 4);
    CHECK_STR(httpc_response_header_name(o.response, count), NULL);
    CHECK_STR(httpc_response_header_value(o.response, SIZE_MAX), NULL);
    stop();
}

static void check_pattern(size_t wanted)
{
    size_t length = 0;
    const unsigned char *bytes = httpc_response_body(o.response, &length);
    CHECK_EQ(length, wanted);
    size_t wrong = 0;
    for (size_t i = 0; i < length; i++) {
        wrong += bytes[i] != i % 251;
    }
    CHECK_EQ(wrong, 0);
    CHECK_EQ(bytes[length], 0);
}

TEST(bodies_arrive_whole)
{
    static const size_t sizes[] = {0, 1, 255, 16384, 65536, 1000003, 20u << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        fetch(text("/bytes/%zu", sizes[i]));
        check_pattern(sizes[i]);
        done(&o);
    }
    fetch("/chunked?sizes=1,2,3,1000,65536");
    check_pattern(1 + 2 + 3 + 1000 + 65536);
    stop();
}

TEST(the_error_detail_finds_the_servers_own_words)
{
    static const struct {
        const char *type, *body, *detail;
    } table[] = {
        {"application/problem%2Bjson", "{\"title\":\"T\",\"detail\":\"D\"}", "D"},
        {"application/problem%2Bjson", "{\"title\":\"T\",\"detail\":7}", "T"},
        {"application/json", "{\"error\":{\"message\":\"M\",\"code\":4}}", "M"},
        {"application/json", "{\"error\":\"invalid_grant\",\"error_description\":\"expired\"}", "expired"},
        {"application/json", "{\"error\":\"just text\"}", "just text"},
        {"application/json", "{\"error\":null,\"message\":\"M\"}", "M"},
        {"application/json", "{\"detail\":\"fast\"}", "fast"},
        {"application/json", "{\"errors\":[{\"message\":\"G\"}]}", "G"},
        {"application/json", "{\"errors\":[{\"title\":\"J\"}]}", "J"},
        {"application/json", "{\"__type\":\"X\",\"Message\":\"aws\"}", "aws"},
        {"application/xml", "<Error><Code>1</Code><Message>xml</Message></Error>", "xml"},
        {"text/html", "<html><head><title>Gone away</title></head><body>much</body></html>", "Gone away"},
        {"text/plain", "plain words", "plain words"},
        {"text/plain", "", "HTTP 400 Bad Request"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char escaped[512] = "";
        for (const char *c = table[i].body; *c != 0; c++) {
            snprintf(escaped + strlen(escaped), sizeof escaped - strlen(escaped), "%%%02x", (unsigned char)*c);
        }
        fetch(text("/status/400?type=%s&body=%s", table[i].type, escaped));
        CHECK_HAS(httpc_response_error_detail(o.response), table[i].detail);
        CHECK_STR((const char *)httpc_response_body(o.response, NULL), table[i].body);
        done(&o);
    }
    fetch("/status/399?body={%22error%22:%22no%20error%22}");
    CHECK_STR(httpc_response_error_detail(o.response), "");
    done(&o);
    fetch(text("/status/400?body=%0600d", 0));
    CHECK_EQ(strlen(httpc_response_error_detail(o.response)) <= 503, 1);
    CHECK_HAS(httpc_response_error_detail(o.response), text("%0400d", 0));
    stop();
}

TEST(where_it_came_from)
{
    const char *host = address("URL") + strlen("http://");
    fetch(text("http://user:word@%s/status/200?x=1#part", host));
    CHECK_STR(httpc_response_url(o.response), text("%s/status/200?x=1", address("URL")));
    CHECK_STR(httpc_response_peer(o.response), host);
    CHECK_EQ(httpc_response_http_version(o.response), HTTPC_HTTP_1_1);
    done(&o);
    fetch("/raw?hex=485454502f312e3020323030204f4b0d0a0d0a6f6c64");
    CHECK_EQ(httpc_response_http_version(o.response), HTTPC_HTTP_1_0);
    CHECK_STR(body(&o), "old");
    stop();
}

TEST(attempts_record_what_happened)
{
    const char *url = text("/sequence/503,close,200?key=%s", new_key());
    fetch(url);
    CHECK_EQ(httpc_response_attempts(o.response), 3);
    const httpc_attempt *first = httpc_response_attempt(o.response, 0);
    const httpc_attempt *second = httpc_response_attempt(o.response, 1);
    const httpc_attempt *third = httpc_response_attempt(o.response, 2);
    CHECK(httpc_response_attempt(o.response, 3) == NULL);

    CHECK_CODE(httpc_attempt_code(first), HTTPC_OK);
    CHECK_EQ(httpc_attempt_status(first), 503);
    CHECK_EQ(httpc_attempt_delay_ms(first), 0);
    CHECK_EQ(httpc_attempt_delay_source(first), HTTPC_DELAY_NONE);
    CHECK_EQ(httpc_attempt_stop_reason(first), HTTPC_STOP_NONE);
    CHECK_EQ(httpc_attempt_send_state(first), HTTPC_SENT_ANSWERED);

    CHECK_CODE(httpc_attempt_code(second), HTTPC_E_IO);
    CHECK_EQ(httpc_attempt_status(second), 0);
    CHECK(httpc_attempt_curl_code(second) != 0);
    CHECK_EQ(httpc_attempt_send_state(second), HTTPC_SENT_MAYBE_SENT);
    CHECK(httpc_attempt_reused(second));
    CHECK_EQ(httpc_attempt_connection_id(second), httpc_attempt_connection_id(first));

    CHECK_EQ(httpc_attempt_status(third), 200);
    CHECK_EQ(httpc_attempt_stop_reason(third), HTTPC_STOP_SUCCESS);
    CHECK(!httpc_attempt_reused(third));
    CHECK(httpc_attempt_connection_id(third) != httpc_attempt_connection_id(first));
    CHECK_STR(text("http://%s", httpc_attempt_peer(third)), address("URL"));
    for (size_t i = 1; i < 3; i++) {
        const httpc_attempt *one = httpc_response_attempt(o.response, i), *before = httpc_response_attempt(o.response, i - 1);
        uint64_t end_of_before = httpc_attempt_start_ms(before) + httpc_attempt_duration_ms(before);
        /* Each is rounded on its own. */
        CHECK(httpc_attempt_start_ms(one) + 2 >= end_of_before + httpc_attempt_delay_ms(one));
    }
    CHECK(httpc_response_elapsed_ms(o.response) >= httpc_attempt_start_ms(third));
    stop();
}

TEST(times_of_the_final_attempt)
{
    fetch("/delay/60");
    uint64_t before = 0;
    for (int32_t phase = HTTPC_PHASE_CONNECTED; phase <= HTTPC_PHASE_DONE; phase++) {
        uint64_t time = httpc_response_time_us(o.response, phase);
        if (phase == HTTPC_PHASE_SECURED) {
            CHECK_EQ(time, 0);
            continue;
        }
        CHECK(time >= before && time > 0);
        before = time;
    }
    CHECK_BETWEEN(httpc_response_time_us(o.response, HTTPC_PHASE_FIRST_BYTE), 60000, 2000000);
    CHECK(httpc_response_time_us(o.response, HTTPC_PHASE_SENDING) < 60000);
    CHECK_BETWEEN(httpc_response_elapsed_ms(o.response), 60, 2000);
    CHECK(!httpc_response_reused(o.response));
    CHECK_EQ(httpc_response_time_us(o.response, 0), 0);
    CHECK_EQ(httpc_response_time_us(o.response, 7), 0);
    CHECK_EQ(httpc_response_time_us(o.response, INT32_MIN), 0);
    done(&o);
    fetch("/echo");
    CHECK(httpc_response_reused(o.response));
    CHECK_EQ(httpc_response_time_us(o.response, HTTPC_PHASE_CONNECTED), 0);
    stop();
}

/* {"s":"a\u0000b","n":null,"t":true,"i":-9007199254740993,"d":2.5,"big":9223372036854775808,"a":[1,{"~/":"esc"}],"":0} */
#define JSON                                                                                                             \
    "%7b%22s%22:%22a%5cu0000b%22,%22n%22:null,%22t%22:true,%22i%22:-9007199254740993,%22d%22:2.5,"                        \
    "%22big%22:9223372036854775808,%22a%22:[1,%7b%22~/%22:%22esc%22%7d],%22%22:0%7d"

TEST(json_types_and_values_by_pointer)
{
    fetch("/status/200?type=text/plain&body=" JSON);
    const httpc_response *r = o.response;
    CHECK_EQ(httpc_response_json_type(r, ""), HTTPC_JSON_OBJECT);
    CHECK_EQ(httpc_response_json_type(r, "/s"), HTTPC_JSON_STRING);
    CHECK_EQ(httpc_response_json_type(r, "/n"), HTTPC_JSON_NULL);
    CHECK_EQ(httpc_response_json_type(r, "/t"), HTTPC_JSON_BOOL);
    CHECK_EQ(httpc_response_json_type(r, "/i"), HTTPC_JSON_NUMBER);
    CHECK_EQ(httpc_response_json_type(r, "/a"), HTTPC_JSON_ARRAY);
    CHECK_EQ(httpc_response_json_type(r, "/"), HTTPC_JSON_NUMBER);
    static const char *const missing[] = {"/none", "/a/2", "/a/-", "/a/01", "/s/0", "s", "/a/18446744073709551616"};
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        CHECK_EQ(httpc_response_json_type(r, missing[i]), HTTPC_JSON_MISSING);
    }
    CHECK_EQ(httpc_response_json_type(r, NULL), HTTPC_JSON_MISSING);

    size_t length = 0, count = 0;
    const char *string = httpc_response_json_string(r, "/s", &length);
    CHECK(length == 3 && string != NULL && memcmp(string, "a\0b", 4) == 0);
    CHECK_STR(httpc_response_json_string(r, "/a/1/~0~1", NULL), "esc");
    CHECK_STR(httpc_response_json_string(r, "/i", &length), NULL);

    int64_t integer = 0;
    double number = 0;
    bool truth = false;
    CHECK_CODE(httpc_response_json_int64(r, "/i", &integer, NULL), HTTPC_OK);
    CHECK(integer == INT64_C(-9007199254740993));
    CHECK_CODE(httpc_response_json_double(r, "/d", &number, NULL), HTTPC_OK);
    CHECK_BETWEEN(number, 2.5, 2.5);
    CHECK_CODE(httpc_response_json_double(r, "/a/0", &number, NULL), HTTPC_OK);
    CHECK_BETWEEN(number, 1, 1);
    CHECK_CODE(httpc_response_json_bool(r, "/t", &truth, NULL), HTTPC_OK);
    CHECK(truth);
    CHECK_CODE(httpc_response_json_length(r, "/a", &count, NULL), HTTPC_OK);
    CHECK_EQ(count, 2);
    CHECK_CODE(httpc_response_json_length(r, "", &count, NULL), HTTPC_OK);
    CHECK_EQ(count, 8);

    static const char *const no_integers[] = {"/big", "/d", "/s", "/n", "/none", "/a"};
    static const char *const in_words[] = {"9223372036854775808", "2.5", "\"a\\u0000b\"", "null", "none", "[1,"};
    for (size_t i = 0; i < sizeof no_integers / sizeof no_integers[0]; i++) {
        httpc_error *error = NULL;
        CHECK_CODE(httpc_response_json_int64(r, no_integers[i], &integer, &error), HTTPC_E_JSON);
        CHECK_HAS(httpc_error_detail(error), in_words[i]);
        clean_error(error);
        httpc_error_free(error);
    }
    CHECK_CODE(httpc_response_json_bool(r, "/i", &truth, NULL), HTTPC_E_JSON);
    CHECK_CODE(httpc_response_json_double(r, "/s", &number, NULL), HTTPC_E_JSON);
    CHECK_CODE(httpc_response_json_length(r, "/s", &count, NULL), HTTPC_E_JSON);
    stop();
}

TEST(a_body_that_is_no_json_has_none)
{
    static const char *const bodies[] = {"", "<html>", "{%22a%22:1", "{%22a%22:1}%20x", "%ff"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        int64_t out = 0;
        httpc_error *error = NULL;
        fetch(text("/status/200?type=application/json&body=%s", bodies[i]));
        CHECK_EQ(httpc_response_json_type(o.response, ""), HTTPC_JSON_MISSING);
        CHECK_STR(httpc_response_json_string(o.response, "/a", NULL), NULL);
        CHECK_CODE(httpc_response_json_int64(o.response, "/a", &out, &error), HTTPC_E_JSON);
        clean_error(error);
        httpc_error_free(error);
        done(&o);
    }
    stop();
}

TEST(a_reference_outlives_the_error_and_the_client)
{
    fetch("/status/200?body=kept");
    httpc_response *kept = httpc_response_ref(o.response);
    CHECK(kept != NULL);
    stop();
    CHECK_STR((const char *)httpc_response_body(kept, NULL), "kept");
    CHECK_EQ(httpc_response_attempts(kept), 1);
    httpc_response_free(kept);

    httpc_client *strict = new_client(NULL);
    o = get(strict, "/status/404?body=of%20the%20error");
    kept = httpc_response_ref(httpc_error_response(o.error));
    done(&o);
    httpc_client_free(strict);
    CHECK_STR((const char *)httpc_response_body(kept, NULL), "of the error");
    httpc_response_free(kept);
}

TEST(values_of_a_repeated_header_come_in_order)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, "/headers?Set-Cookie=a%3D1&X-Other=x&set-cookie=b%3D2");
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(httpc_response_header_nth(o.response, "SET-COOKIE", 0), "a=1");
    CHECK_STR(httpc_response_header_nth(o.response, "SET-COOKIE", 1), "b=2");
    CHECK_STR(httpc_response_header_nth(o.response, "SET-COOKIE", 2), NULL);
    CHECK_STR(httpc_response_header_nth(o.response, NULL, 0), NULL);
    done(&o);
    httpc_client_free(client);
}

TEST(links_are_found_by_relation_and_made_absolute)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, "/pages/2?of=3");
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_STR(httpc_response_link(o.response, "next"), text("%s/pages/3?of=3", address("URL")));
    CHECK_STR(httpc_response_link(o.response, "prev"), text("%s/pages/1?of=3", address("URL")));
    CHECK_STR(httpc_response_link(o.response, "last"), NULL);
    CHECK_STR(httpc_response_link(o.response, NULL), NULL);
    const char *kept = httpc_response_link(o.response, "next");
    CHECK(kept == httpc_response_link(o.response, "next"));
    done(&o);
    o = get(client, "/headers?Link=%3Cmailto:someone%40example.com%3E;rel%3Dnext");
    CHECK_STR(httpc_response_link(o.response, "next"), NULL);
    done(&o);
    httpc_client_free(client);
}

TEST(redirects_are_counted)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, "/redirect-chain/3");
    CHECK_CODE(o.code, HTTPC_OK);
    CHECK_EQ(httpc_response_redirects(o.response), 3);
    CHECK_EQ(httpc_attempt_status(httpc_response_attempt(o.response, 0)), 302);
    done(&o);
    o = get(client, "/status/200");
    CHECK_EQ(httpc_response_redirects(o.response), 0);
    done(&o);
    httpc_client_free(client);
}

TEST(null_reads_as_an_empty_response)
{
    CHECK_STR(httpc_response_link(NULL, "next"), NULL);
    CHECK_STR(httpc_response_header_nth(NULL, "x", 0), NULL);
    CHECK_EQ(httpc_response_redirects(NULL), 0);
    size_t length = 9;
    CHECK_EQ(httpc_response_status(NULL), 0);
    CHECK_STR(httpc_response_reason(NULL), "");
    CHECK_STR(httpc_response_header(NULL, "x"), NULL);
    CHECK_EQ(httpc_response_header_count(NULL), 0);
    CHECK_STR(httpc_response_header_name(NULL, 0), NULL);
    CHECK_STR((const char *)httpc_response_body(NULL, &length), "");
    CHECK_EQ(length, 0);
    CHECK_STR(httpc_response_error_detail(NULL), "");
    CHECK_STR(httpc_response_url(NULL), "");
    CHECK_STR(httpc_response_peer(NULL), "");
    CHECK_EQ(httpc_response_http_version(NULL), HTTPC_HTTP_UNKNOWN);
    CHECK_EQ(httpc_response_attempts(NULL), 0);
    CHECK(httpc_response_attempt(NULL, 0) == NULL);
    CHECK_EQ(httpc_response_elapsed_ms(NULL), 0);
    CHECK_EQ(httpc_response_json_type(NULL, ""), HTTPC_JSON_MISSING);
    CHECK(httpc_response_ref(NULL) == NULL);
    httpc_response_free(NULL);
}

TEST(a_pointer_with_control_characters_leaves_the_detail_clean)
{
    httpc_client *client = new_client(NULL);
    struct outcome o = get(client, "/status/200?body=%7B%22a%5Cnb%22:%22text%22%7D");
    CHECK_CODE(o.code, HTTPC_OK);
    int64_t number = 0;
    httpc_error *error = NULL;
    CHECK_CODE(httpc_response_json_int64(o.response, "/a\nb", &number, &error), HTTPC_E_JSON);
    clean_error(error);
    httpc_error_free(error);
    done(&o);
    httpc_client_free(client);
}
