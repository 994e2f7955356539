/*
 * A timer of the program's own cancels a call: whoever waits for events waits no longer than until the next timer, and
 * what has no answer by then is cancelled. The cancelled call ends with an event, as any other.
 *
 * Usage: cancel_on_timeout URL REFUSED_URL
 */
#define _POSIX_C_SOURCE 200809L
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { FETCHES = 3, PATIENCE_MS = 300 };

struct fetch {
    const char *path;
    httpc_call *call;
    char outcome[64];
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static httpc_code submit(httpc_client *client, httpc_queue *queue, struct fetch *fetch, httpc_error **error)
{
    httpc_request *request = NULL;
    httpc_code code = httpc_request_new("GET", fetch->path, &request, error);
    if (code == HTTPC_OK) {
        code = httpc_submit_to(client, request, queue, fetch, &fetch->call, error);
    }
    httpc_request_free(request);
    return code;
}

/* Takes the event. */
static void receive(httpc_event *event)
{
    struct fetch *fetch = httpc_event_tag(event);
    if (httpc_event_code(event) == HTTPC_OK) {
        snprintf(fetch->outcome, sizeof fetch->outcome, "status %d",
                 (int)httpc_response_status(httpc_event_response(event)));
    } else {
        snprintf(fetch->outcome, sizeof fetch->outcome, "%s", httpc_code_name(httpc_event_code(event)));
    }
    httpc_event_free(event);
}

static void fetch_all(httpc_queue *queue, struct fetch *fetches, int left)
{
    uint64_t timer = now_ms() + PATIENCE_MS;
    while (left > 0) {
        uint64_t now = now_ms();
        httpc_event *event = NULL;
        if (timer != HTTPC_FOREVER && now >= timer) {
            printf("the timer fires\n");
            timer = HTTPC_FOREVER;
            for (int i = 0; i < FETCHES; i++) {
                httpc_call_cancel(fetches[i].call); /* does nothing to those that are over */
            }
        } else if (httpc_queue_next(queue, timer == HTTPC_FOREVER ? timer : timer - now, &event, NULL) == HTTPC_OK) {
            receive(event);
            left--;
        }
    }
}

int main(int argc, char **argv)
{
    struct fetch fetches[FETCHES] = {{.path = "/bytes/200"}, {.path = "/delay/60000"}, {.path = "/stall-body"}};
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_queue *queue = NULL;
    httpc_error *error = NULL;
    int submitted = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (httpc_config_new(&config, &error) == HTTPC_OK) {
        httpc_config_set_base_url(config, argv[1]);
        httpc_client_new(config, &client, &error);
    }
    httpc_config_free(config);
    if (client != NULL && httpc_queue_new(&queue, &error) == HTTPC_OK) {
        while (submitted < FETCHES && submit(client, queue, &fetches[submitted], &error) == HTTPC_OK) {
            submitted++;
        }
        fetch_all(queue, fetches, submitted);
    }
    if (error != NULL) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
    }
    for (int i = 0; i < submitted; i++) {
        printf("%s: %s\n", fetches[i].path, fetches[i].outcome);
        httpc_call_free(fetches[i].call);
    }
    int status = error == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
    httpc_error_free(error);
    httpc_queue_free(queue);
    httpc_client_free(client);
    return status;
}
