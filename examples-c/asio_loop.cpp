// Calls in an Asio program: a posix::stream_descriptor waits for the queue's descriptor to be readable, and each
// outcome goes to the handler that was given with its request, on the thread that runs the io_context.
//
// Usage: asio_loop URL REFUSED_URL
#include <httpclient.hpp>

#include <asio.hpp>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

using response_result = httpclient::result<httpclient::response>;

// Hands the outcomes of a client to handlers on an io_context, which has work as long as one is expected.
class async_client
{
  public:
    using handler = std::function<void(response_result)>;

    async_client(asio::io_context &context, const httpclient::config &config)
        : client_(config), descriptor_(context, queue_.fd())
    {
    }

    // Ends what still runs. The queue closes its descriptor itself.
    ~async_client()
    {
        static_cast<void>(client_.try_close());
        while (auto event = queue_.try_next(httpclient::milliseconds(0))) {
            delete static_cast<handler *>(event->tag());
        }
        descriptor_.release();
    }

    void submit(const httpclient::request &request, handler done)
    {
        auto tag = std::make_unique<handler>(std::move(done));
        client_.submit_to(request, queue_, tag.get());
        static_cast<void>(tag.release()); // the event brings it back, once for each submission
        expected_++;
        wait();
    }

  private:
    void wait()
    {
        if (expected_ == 0 || std::exchange(waiting_, true)) {
            return;
        }
        descriptor_.async_wait(asio::posix::descriptor_base::wait_read, [this](const asio::error_code &error) {
            if (!error) {
                on_readable();
            }
        });
    }

    void on_readable()
    {
        waiting_ = false;
        while (auto event = queue_.try_next(httpclient::milliseconds(0))) {
            expected_--;
            const std::unique_ptr<handler> done(static_cast<handler *>(event->tag()));
            (*done)(event->take());
        }
        wait();
    }

    httpclient::queue queue_;
    httpclient::client client_;
    asio::posix::stream_descriptor descriptor_;
    int expected_ = 0;
    bool waiting_ = false;
};

static void run(const char *server)
{
    static const char *const paths[] = {"/bytes/200", "/delay/200", "/status/404"};
    std::string outcomes[3];
    asio::io_context context;
    async_client client(context, httpclient::config().base_url(server));
    for (int i = 0; i < 3; i++) {
        client.submit(httpclient::request("GET", paths[i]), [&outcomes, i](response_result result) {
            outcomes[i] = result ? "status " + std::to_string(result->status())
                                 : std::string(httpclient::code_name(result.code()));
        });
    }
    context.run();
    for (int i = 0; i < 3; i++) {
        std::cout << paths[i] << ": " << outcomes[i] << '\n';
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " URL REFUSED_URL\n";
        return EXIT_FAILURE;
    }
    try {
        run(argv[1]);
    } catch (const std::exception &exception) {
        std::cerr << exception.what() << '\n';
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
