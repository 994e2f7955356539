/* Request bodies that are compressed while they go out. */
#include "bodies.h"

static const struct {
    int32_t compression;
    const char *name;
} codings[] = {{HTTPC_COMPRESSION_GZIP, "gzip"}, {HTTPC_COMPRESSION_ZSTD, "zstd"}};

enum { SIZE = 300000 };

static char *pattern(void)
{
    char *bytes = malloc(SIZE);
    for (size_t i = 0; bytes != NULL && i < SIZE; i++) {
        bytes[i] = (char)('a' + i % 23);
    }
    return bytes;
}

/* What the server got it sends back in the coding that it came in, which is then undone. */
static void check_echo(struct outcome *o, const char *name, const char *expected, size_t size)
{
    size_t length = 0;
    const void *body = httpc_response_body(o->response, &length);
    CHECK_CODE(o->code, HTTPC_OK);
    CHECK_STR(httpc_response_header(o->response, "Content-Encoding"), name);
    CHECK(length == size && memcmp(body, expected, size) == 0);
    CHECK(httpc_response_size(o->response, HTTPC_SIZE_BODY_RECEIVED) < size / 10 + 100);
    done(o);
}

struct memory {
    const char *bytes;
    size_t at, size;
    int rewound;
};

static int64_t read_memory(void *userdata, void *buffer, size_t room)
{
    struct memory *memory = userdata;
    size_t left = memory->size - memory->at;
    size_t count = left < room ? left : room;
    count = count < 1000 ? count : 1000;
    memcpy(buffer, memory->bytes + memory->at, count);
    memory->at += count;
    return (int64_t)count;
}

static int32_t rewind_memory(void *userdata)
{
    struct memory *memory = userdata;
    memory->at = 0;
    memory->rewound++;
    return 0;
}

TEST(bytes_arrive_compressed)
{
    char *bytes = pattern();
    httpc_client *client = new_client(NULL);
    for (size_t i = 0; i < 2; i++) {
        httpc_request *request = new_request("POST", "/body");
        CHECK_CODE(httpc_request_set_body(request, "text/plain", bytes, SIZE), HTTPC_OK);
        CHECK_CODE(httpc_request_set_compression(request, codings[i].compression), HTTPC_OK);
        struct outcome o = send_request(client, request);
        check_echo(&o, codings[i].name, bytes, SIZE);
        httpc_request_free(request);
    }
    httpc_client_free(client);
    free(bytes);
}

TEST(what_is_read_piece_by_piece_arrives_compressed_blocking_and_submitted)
{
    char *bytes = pattern();
    httpc_client *client = new_client(NULL);
    for (size_t i = 0; i < 2; i++) {
        for (int submitted = 0; submitted < 2; submitted++) {
            struct memory memory = {bytes, 0, SIZE, 0};
            httpc_request *request = new_request("POST", "/body");
            CHECK_CODE(httpc_request_set_body_source(request, "text/plain", read_memory, rewind_memory, SIZE, &memory, NULL),
                       HTTPC_OK);
            CHECK_CODE(httpc_request_set_compression(request, codings[i].compression), HTTPC_OK);
            struct outcome o = submitted ? submit_and_wait(client, request) : send_request(client, request);
            check_echo(&o, codings[i].name, bytes, SIZE);
            if (!submitted) {
                httpc_request_free(request);
            }
        }
    }
    httpc_client_free(client);
    free(bytes);
}

TEST(a_retry_compresses_from_the_first_byte_again)
{
    char *bytes = pattern();
    struct memory memory = {bytes, 0, SIZE, 0};
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("PUT", "/redirect/307?to=/body");
    httpc_request_set_body_source(request, "text/plain", read_memory, rewind_memory, SIZE, &memory, NULL);
    httpc_request_set_compression(request, HTTPC_COMPRESSION_GZIP);
    struct outcome o = send_request(client, request);
    CHECK_EQ(memory.rewound, 1);
    check_echo(&o, "gzip", bytes, SIZE);
    httpc_request_free(request);
    httpc_client_free(client);
    free(bytes);
}

TEST(a_source_that_ends_early_is_noticed_though_it_is_compressed)
{
    struct memory memory = {"hello", 0, 5, 0};
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("POST", "/body");
    httpc_request_set_body_source(request, "text/plain", read_memory, NULL, 6, &memory, NULL);
    httpc_request_set_compression(request, HTTPC_COMPRESSION_GZIP);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_E_ABORTED);
    CHECK(strstr(httpc_error_detail(o.error), "ended after 5 of the announced 6 bytes") != NULL);
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
}

enum { NO_BODY, NO_BYTES, NO_SOURCE, EMPTY_FILE, EMPTY_BODIES };

TEST(an_empty_body_stays_empty_and_no_body_has_no_coding)
{
    httpc_client *client = new_client(NULL);
    const char *path = new_file(0);
    for (int kind = NO_BODY; kind < EMPTY_BODIES; kind++) {
        struct memory memory = {"", 0, 0, 0};
        httpc_request *request = new_request("POST", "/echo");
        httpc_request_set_compression(request, HTTPC_COMPRESSION_ZSTD);
        if (kind == NO_BYTES) {
            httpc_request_set_body(request, NULL, NULL, 0);
        } else if (kind == NO_SOURCE) {
            httpc_request_set_body_source(request, NULL, read_memory, NULL, 0, &memory, NULL);
        } else if (kind == EMPTY_FILE) {
            httpc_request_set_body_file(request, NULL, path);
        }
        struct outcome o = send_request(client, request);
        CHECK_CODE(o.code, HTTPC_OK);
        CHECK_STR(httpc_response_json_string(o.response, "/headers/content-encoding/0", NULL), NULL);
        CHECK_STR(httpc_response_json_string(o.response, "/headers/content-length/0", NULL), "0");
        done(&o);
        httpc_request_free(request);
    }
    remove(path);
    httpc_client_free(client);
}

TEST(the_request_says_its_coding_instead_of_the_client)
{
    httpc_config *config = new_config();
    httpc_config_set_header(config, "Content-Encoding", "br");
    httpc_client *client = new_client(config);
    httpc_request *request = new_request("POST", "/echo");
    httpc_request_set_body(request, NULL, "x", 1);
    httpc_request_set_compression(request, HTTPC_COMPRESSION_GZIP);
    struct outcome o = send_request(client, request);
    CHECK_STR(httpc_response_json_string(o.response, "/headers/content-encoding/0", NULL), "gzip");
    CHECK_STR(httpc_response_json_string(o.response, "/headers/content-encoding/1", NULL), NULL);
    done(&o);
    httpc_request_free(request);
    httpc_client_free(client);
}

TEST(what_cannot_be_meant_is_refused)
{
    httpc_client *client = new_client(NULL);
    httpc_request *request = new_request("POST", "/echo");
    httpc_request_set_body(request, NULL, "x", 1);
    httpc_request_set_header(request, "Content-Encoding", "br");
    CHECK_CODE(httpc_request_set_compression(request, HTTPC_COMPRESSION_GZIP), HTTPC_OK);
    struct outcome o = send_request(client, request);
    CHECK_CODE(o.code, HTTPC_E_INVALID_ARG);
    CHECK(strstr(httpc_error_detail(o.error), "Content-Encoding") != NULL);
    done(&o);
    CHECK_CODE(httpc_request_set_compression(request, 7), HTTPC_E_INVALID_ARG);
    CHECK_CODE(httpc_request_set_compression(NULL, 1), HTTPC_E_INVALID_ARG);
    httpc_request_free(request);
    httpc_client_free(client);
}
