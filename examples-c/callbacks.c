/*
 * A function for each outcome: it runs on the client's engine thread, as soon as the call is over. It should be quick,
 * since the client's other calls wait for it meanwhile, and it may submit the next request.
 *
 * Usage: callbacks URL REFUSED_URL
 */
#include <httpclient.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Follows a job on the server: three requests, each submitted when the one before it has its answer. */
struct job {
    httpc_client *client;
    int step;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int has_ended;
};

static const char *const steps[] = {"/echo?step=create", "/sequence/503,200?key=callbacks", "/status/404?body=gone"};

static void step_done(void *userdata, httpc_code code, httpc_response *response, httpc_error *error);

static httpc_code start_step(struct job *job, httpc_error **error)
{
    httpc_request *request = NULL;
    httpc_code code = httpc_request_new("GET", steps[job->step], &request, error);
    if (code == HTTPC_OK) {
        /* HTTPC_OK: step_done() runs once, whatever happens. Anything else: it does not run. */
        code = httpc_submit(job->client, request, step_done, job, NULL, error);
    }
    httpc_request_free(request);
    return code;
}

static void end(struct job *job)
{
    pthread_mutex_lock(&job->lock);
    job->has_ended = 1;
    pthread_cond_signal(&job->ended);
    pthread_mutex_unlock(&job->lock);
}

/* Runs on the engine thread. Response and error are this function's to free. */
static void step_done(void *userdata, httpc_code code, httpc_response *response, httpc_error *error)
{
    struct job *job = userdata;
    if (code == HTTPC_OK) {
        printf("step %d: status %d after %u attempts\n", job->step + 1, (int)httpc_response_status(response),
               (unsigned)httpc_response_attempts(response));
        httpc_response_free(response);
        job->step++;
        code = start_step(job, &error);
    }
    if (code != HTTPC_OK) {
        printf("step %d: %s\n", job->step + 1, httpc_error_detail(error));
        httpc_error_free(error);
        end(job);
    }
}

int main(int argc, char **argv)
{
    struct job job = {.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};
    httpc_config *config = NULL;
    httpc_error *error = NULL;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (httpc_config_new(&config, &error) == HTTPC_OK) {
        httpc_config_set_base_url(config, argv[1]);
        httpc_client_new(config, &job.client, &error);
    }
    httpc_config_free(config);
    if (job.client == NULL || start_step(&job, &error) != HTTPC_OK) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
        httpc_error_free(error);
        httpc_client_free(job.client);
        return EXIT_FAILURE;
    }

    /* This thread is free for other work. Here it only waits. */
    pthread_mutex_lock(&job.lock);
    while (!job.has_ended) {
        pthread_cond_wait(&job.ended, &job.lock);
    }
    pthread_mutex_unlock(&job.lock);

    /* Returns when all completion functions have returned, so that what they use may go. */
    httpc_client_free(job.client);
    return EXIT_SUCCESS;
}
