/*
 * Many requests at once from one thread: each is submitted to a queue with a tag, and the queue gives back the outcomes
 * in the order in which they come.
 *
 * Usage: parallel_fetch URL REFUSED_URL
 */
#include <httpclient.h>

#include <stdio.h>
#include <stdlib.h>

enum { ITEMS = 100, CONNECTIONS = 10, BATCH = 32 };

struct item {
    int number;
    char name[64];
};

static httpc_client *new_client(const char *server, httpc_error **error)
{
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    char base_url[256];
    snprintf(base_url, sizeof base_url, "%s/v1", server);
    if (httpc_config_new(&config, error) == HTTPC_OK) {
        httpc_config_set_base_url(config, base_url);
        httpc_config_set_bearer_token(config, "demo-token");
        /* Submitted requests wait their turn for a connection; ten at a time are enough for this server. */
        httpc_config_set_max_connections(config, CONNECTIONS);
        httpc_config_set_timeout(config, HTTPC_TIMEOUT_POOL, 0);
        httpc_client_new(config, &client, error);
    }
    httpc_config_free(config);
    return client;
}

static httpc_code submit(httpc_client *client, httpc_queue *queue, struct item *item, httpc_error **error)
{
    httpc_request *request = NULL;
    char path[32];
    snprintf(path, sizeof path, "items/%d", item->number);
    httpc_code code = httpc_request_new("GET", path, &request, error);
    if (code == HTTPC_OK) {
        /* No call object is asked for: nobody will cancel. The item comes back with the event. */
        code = httpc_submit_to(client, request, queue, item, NULL, error);
    }
    httpc_request_free(request);
    return code;
}

/* Takes the event. */
static void receive(httpc_event *event)
{
    struct item *item = httpc_event_tag(event);
    const char *name = httpc_response_json_string(httpc_event_response(event), "/name", NULL);
    if (name != NULL) {
        snprintf(item->name, sizeof item->name, "%s", name);
    } else {
        printf("%s\n", httpc_error_detail(httpc_event_error(event)));
    }
    httpc_event_free(event);
}

int main(int argc, char **argv)
{
    static struct item items[ITEMS];
    httpc_client *client = NULL;
    httpc_queue *queue = NULL;
    httpc_error *error = NULL;
    int left = 0, names = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    client = new_client(argv[1], &error);
    if (client == NULL || httpc_queue_new(&queue, &error) != HTTPC_OK) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        httpc_client_free(client);
        return EXIT_FAILURE;
    }

    /* The last one is 900, which the server does not have. Each submission that succeeds is one event to come. */
    for (int i = 0; i < ITEMS; i++) {
        items[i].number = i < ITEMS - 1 ? i + 1 : 900;
        if (submit(client, queue, &items[i], &error) == HTTPC_OK) {
            left++;
        } else {
            fprintf(stderr, "%s\n", httpc_error_detail(error));
            httpc_error_free(error);
        }
    }
    while (left > 0) {
        httpc_event *events[BATCH];
        size_t count = 0;
        httpc_queue_next_batch(queue, HTTPC_FOREVER, events, BATCH, &count, NULL);
        for (size_t i = 0; i < count; i++) {
            receive(events[i]);
        }
        left -= (int)count;
    }

    for (int i = 0; i < ITEMS; i++) {
        names += items[i].name[0] != 0;
    }
    printf("%d of %d items have a name, number %d is called %s\n", names, ITEMS, items[41].number, items[41].name);
    httpc_queue_free(queue);
    httpc_client_free(client);
    return EXIT_SUCCESS;
}
