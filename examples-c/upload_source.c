/*
 * Upload what a program makes as it goes: the body comes from a function, so that it never stands in memory as a whole. First
 * a blocking call, whose function may wait; then a submitted one, whose function says that it has nothing yet, until another
 * thread has made more.
 *
 * Usage: upload_source URL REFUSED_URL
 */
#include <httpclient.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- A report, made line by line ---- */

struct report {
    unsigned line, lines;
};

static int64_t next_line(void *userdata, void *buffer, size_t size)
{
    struct report *report = userdata;
    if (report->line == report->lines) {
        return 0; /* the end */
    }
    return snprintf(buffer, size, "line %u\n", ++report->line); /* or any other negative number to fail */
}

/* Lets the library send the body again after a failure or a redirect. */
static int32_t first_line(void *userdata)
{
    struct report *report = userdata;
    report->line = 0;
    return 0;
}

static void show(httpc_code code, httpc_response *response, httpc_error *error)
{
    if (code == HTTPC_OK) {
        printf("%s\n", httpc_response_json_string(response, "/body", NULL));
    } else {
        printf("%s: %s\n", httpc_code_name(code), httpc_error_detail(error));
    }
    httpc_response_free(response);
    httpc_error_free(error);
}

static void send_report(httpc_client *client)
{
    struct report report = {0, 3};
    httpc_request *request = NULL;
    httpc_response *response = NULL;
    httpc_error *error = NULL;

    httpc_code code = httpc_request_new("POST", "redirect/307?to=/echo", &request, &error);
    if (code == HTTPC_OK) {
        /* Of unknown length; no function that frees `report`, which lives on this stack. */
        httpc_request_set_body_source(request, "text/plain", next_line, first_line, HTTPC_UNSET, &report, NULL);
        code = httpc_send(client, request, &response, &error);
    }
    show(code, response, error);
    httpc_request_free(request);
}

/* ---- What another thread makes ---- */

struct feed {
    pthread_mutex_t lock;
    char text[64];
    int is_complete;
};

/* On the engine thread, which must not wait: it has other calls to serve. */
static int64_t take_from_feed(void *userdata, void *buffer, size_t size)
{
    struct feed *feed = userdata;
    pthread_mutex_lock(&feed->lock);
    size_t length = strlen(feed->text);
    int64_t said = length > 0 || feed->is_complete ? (int64_t)length : HTTPC_READ_PAUSE;
    if (length <= size) {
        memcpy(buffer, feed->text, length);
        feed->text[0] = 0;
    }
    pthread_mutex_unlock(&feed->lock);
    return said;
}

static void put_into_feed(struct feed *feed, httpc_call *call, const char *text, int is_last)
{
    pthread_mutex_lock(&feed->lock);
    strncat(feed->text, text, sizeof feed->text - strlen(feed->text) - 1);
    feed->is_complete = is_last;
    pthread_mutex_unlock(&feed->lock);
    httpc_call_resume(call); /* fine also when it does not pause */
}

static void submit_feed(httpc_client *client)
{
    struct feed feed = {PTHREAD_MUTEX_INITIALIZER, "", 0};
    httpc_request *request = NULL;
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    httpc_call *call = NULL;

    httpc_code code = httpc_request_new("POST", "echo", &request, &error);
    if (code == HTTPC_OK) {
        httpc_request_set_body_source(request, "text/plain", take_from_feed, NULL, HTTPC_UNSET, &feed, NULL);
        code = httpc_submit(client, request, NULL, NULL, &call, &error);
    }
    if (code == HTTPC_OK) {
        put_into_feed(&feed, call, "some, ", 0);
        put_into_feed(&feed, call, "more, ", 0);
        put_into_feed(&feed, call, "and the last", 1);
        httpc_call_wait(call, HTTPC_FOREVER, NULL);
        code = httpc_call_take_result(call, &response, &error);
    }
    show(code, response, error);
    httpc_call_free(call);
    httpc_request_free(request);
}

int main(int argc, char **argv)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_error *error = NULL;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (httpc_config_new(&config, &error) == HTTPC_OK) {
        httpc_config_set_base_url(config, argv[1]);
        httpc_client_new(config, &client, &error);
        httpc_config_free(config);
    }
    if (client == NULL) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        return EXIT_FAILURE;
    }
    send_report(client);
    submit_feed(client);
    httpc_client_free(client);
    return EXIT_SUCCESS;
}
