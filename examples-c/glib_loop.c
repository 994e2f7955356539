/*
 * Calls in a GLib program (GTK, GStreamer, ...): g_unix_fd_add() watches the queue's descriptor in the main loop.
 *
 * Usage: glib_loop URL REFUSED_URL
 */
#include <httpclient.h>

#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>

enum { FETCHES = 3 };

struct fetch {
    const char *path;
    char outcome[80];
};

struct program {
    httpc_client *client;
    httpc_queue *queue;
    struct fetch fetches[FETCHES];
    int left, ticks;
    GMainLoop *loop;
};

static httpc_code submit(struct program *program, struct fetch *fetch, httpc_error **error)
{
    httpc_request *request = NULL;
    httpc_code code = httpc_request_new("GET", fetch->path, &request, error);
    if (code == HTTPC_OK) {
        code = httpc_submit_to(program->client, request, program->queue, fetch, NULL, error);
        program->left += code == HTTPC_OK;
    }
    httpc_request_free(request);
    return code;
}

/* Takes all events that are there, and never waits. */
static void receive(struct program *program)
{
    httpc_event *event = NULL;
    while (httpc_queue_next(program->queue, 0, &event, NULL) == HTTPC_OK) {
        struct fetch *fetch = httpc_event_tag(event);
        const httpc_response *response = httpc_event_response(event);
        if (response != NULL) {
            snprintf(fetch->outcome, sizeof fetch->outcome, "status %d", (int)httpc_response_status(response));
        } else {
            snprintf(fetch->outcome, sizeof fetch->outcome, "%s", httpc_code_name(httpc_event_code(event)));
        }
        httpc_event_free(event);
        program->left--;
    }
}

static gboolean on_tick(gpointer userdata)
{
    struct program *program = userdata;
    program->ticks++;
    return G_SOURCE_CONTINUE;
}

static gboolean on_readable(gint descriptor, GIOCondition condition, gpointer userdata)
{
    struct program *program = userdata;
    (void)descriptor;
    (void)condition;
    receive(program);
    if (program->left == 0) {
        g_main_loop_quit(program->loop);
    }
    return G_SOURCE_CONTINUE;
}

static void run(struct program *program)
{
    program->loop = g_main_loop_new(NULL, FALSE);
    guint timer = g_timeout_add(10, on_tick, program);
    guint queue = g_unix_fd_add(httpc_queue_fd(program->queue), G_IO_IN, on_readable, program);
    g_main_loop_run(program->loop);

    /* Before the queue is freed, whose descriptor it is. */
    g_source_remove(queue);
    g_source_remove(timer);
    g_main_loop_unref(program->loop);
}

int main(int argc, char **argv)
{
    struct program program = {.fetches = {{.path = "/bytes/200"}, {.path = "/delay/200"}, {.path = "/status/404"}}};
    httpc_config *config = NULL;
    httpc_error *error = NULL;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL REFUSED_URL\n", argv[0]);
        return EXIT_FAILURE;
    }
    if (httpc_config_new(&config, &error) == HTTPC_OK) {
        httpc_config_set_base_url(config, argv[1]);
        httpc_client_new(config, &program.client, &error);
    }
    httpc_config_free(config);
    if (program.client != NULL && httpc_queue_new(&program.queue, &error) == HTTPC_OK) {
        for (int i = 0; i < FETCHES && error == NULL; i++) {
            submit(&program, &program.fetches[i], &error);
        }
        run(&program);
    }
    for (int i = 0; i < FETCHES; i++) {
        printf("%s: %s\n", program.fetches[i].path, program.fetches[i].outcome);
    }
    printf("the loop ran meanwhile: %s\n", program.ticks > 0 ? "yes" : "no");
    int status = error == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
    if (error != NULL) {
        fprintf(stderr, "%s\n", httpc_error_detail(error));
    }
    httpc_error_free(error);
    httpc_queue_free(program.queue);
    httpc_client_free(program.client);
    return status;
}
