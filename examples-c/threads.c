/*
 * Many threads, one client: connections are shared, and their number is bounded.
 *
 * Usage: threads URL REFUSED_URL
 */
#include <httpclient.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 8, CALLS = 50, CONNECTIONS = 4 };

struct worker {
    pthread_t thread;
    httpc_client *client;
    int succeeded;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    for (int i = 0; i < CALLS; i++) {
        httpc_response *response = NULL;
        httpc_error *error = NULL;
        if (httpc_get(worker->client, "/bytes/200", &response, &error) == HTTPC_OK) {
            worker->succeeded++;
        } else {
            fprintf(stderr, "%s\n", httpc_error_detail(error));
        }
        httpc_response_free(response);
        httpc_error_free(error);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct worker workers[THREADS];
    httpc_config *config = NULL;
    httpc_client *client = NULL;
    httpc_stats *stats = NULL;
    int succeeded = 0;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    httpc_config_new(&config, NULL);
    httpc_config_set_base_url(config, argv[1]);
    httpc_config_set_max_connections(config, CONNECTIONS);
    httpc_code code = httpc_client_new(config, &client, NULL);
    httpc_config_free(config);
    if (code != HTTPC_OK) {
        return EXIT_FAILURE;
    }
    for (int i = 0; i < THREADS; i++) {
        workers[i].client = client;
        workers[i].succeeded = 0;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
            abort();
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        succeeded += workers[i].succeeded;
    }
    httpc_client_stats(client, &stats, NULL);
    printf("%d of %d calls succeeded\n", succeeded, THREADS * CALLS);
    printf("no more than %d connections were opened: %s\n", CONNECTIONS,
           httpc_stats_opened(stats) <= CONNECTIONS ? "yes" : "no");
    httpc_stats_free(stats);
    httpc_client_free(client);
    return EXIT_SUCCESS;
}
