/*
 * Cancelling: a token ends the calls that hold it, whatever they wait for, from any thread (or from a signal handler).
 *
 * Usage: cancel URL REFUSED_URL
 */
#define _POSIX_C_SOURCE 200809L
#include <httpclient.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The user looks at the screen for a while, then presses "Cancel". */
static void *user(void *token)
{
    struct timespec while_looking = {0, 200 * 1000 * 1000};
    nanosleep(&while_looking, NULL);
    httpc_cancel_token_cancel(token);
    return NULL;
}

static void get(httpc_client *client, const httpc_request *request)
{
    httpc_response *response = NULL;
    httpc_error *error = NULL;
    httpc_code code = httpc_send(client, request, &response, &error);
    if (code == HTTPC_E_CANCELLED) {
        printf("cancelled: attempts %u\n", (unsigned)httpc_error_attempts(error));
    } else if (code == HTTPC_OK) {
        printf("status %d\n", (int)httpc_response_status(response));
    } else {
        printf("%s: %s\n", httpc_code_name(code), httpc_error_detail(error));
    }
    httpc_response_free(response);
    httpc_error_free(error);
}

int main(int argc, char **argv)
{
    httpc_client *client = NULL;
    httpc_cancel_token *token = NULL;
    httpc_request *request = NULL;
    httpc_error *error = NULL;
    pthread_t thread;
    int status = EXIT_FAILURE;
    char url[256];

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    snprintf(url, sizeof url, "%s/delay/60000", argv[1]);
    if (httpc_client_new(NULL, &client, &error) != HTTPC_OK || httpc_cancel_token_new(&token, &error) != HTTPC_OK ||
        httpc_request_new("GET", url, &request, &error) != HTTPC_OK) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
    } else if (httpc_request_set_cancel_token(request, token) != HTTPC_OK) {
        fprintf(stderr, "%s\n", httpc_error_detail(httpc_request_error(request)));
    } else if (pthread_create(&thread, NULL, user, token) != 0) {
        fprintf(stderr, "no thread to be had\n");
    } else {
        /* The answer would take a minute. */
        get(client, request);
        pthread_join(thread, NULL);

        /* A token stays triggered: a call that starts with it afterwards does not go out at all. */
        get(client, request);
        status = EXIT_SUCCESS;
    }
    httpc_error_free(error);
    httpc_request_free(request);
    httpc_cancel_token_free(token);
    httpc_client_free(client);
    return status;
}
