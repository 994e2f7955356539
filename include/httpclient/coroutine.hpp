/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef HTTPCLIENT_COROUTINE_HPP
#define HTTPCLIENT_COROUTINE_HPP

/**
 * @file
 * Part of httpclient.hpp: awaitable calls for C++20 coroutines, and a loop that resumes them. Empty before C++20.
 */

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "async.hpp"
#include "base.hpp"
#include "error.hpp"
#include "response.hpp"

#if defined(__has_include)
#if __has_include(<version>)
#include <version>
#endif
#endif

#if !defined(HTTPCLIENT_COROUTINES)
#if defined(__cpp_impl_coroutine) && defined(__cpp_lib_coroutine)
#define HTTPCLIENT_COROUTINES 1
#else
#define HTTPCLIENT_COROUTINES 0
#endif
#endif

#if HTTPCLIENT_COROUTINES

#include <coroutine>

namespace httpclient
{

namespace detail
{

/*
 * A call that a coroutine waits for, owned by its operation and by the completion to come: whichever goes last destroys
 * it, and `step` tells which that is.
 */
class pending
{
  public:
    enum step : int { running, awaited, over, abandoned };

    pending() = default;
    pending(const pending &) = delete;
    pending &operator=(const pending &) = delete;
    virtual ~pending()
    {
        httpc_response_free(response_);
        httpc_error_free(error_);
        httpc_call_free(call_);
    }

    httpc_call **call_out() noexcept { return &call_; }

    void cancel() const noexcept { httpc_call_cancel(call_); }
    bool is_over() const noexcept { return step_.load(std::memory_order_acquire) == over; }

    /* Whether the outcome is still to come, and will resume it. */
    bool await(std::coroutine_handle<> waiter) noexcept
    {
        waiter_ = waiter;
        int expected = running;
        return step_.compare_exchange_strong(expected, awaited, std::memory_order_acq_rel);
    }

    /* The outcome has come, or there is none. What is to be resumed, if anything, after which `this` may be gone. */
    std::coroutine_handle<> arrive(httpc_response *response, httpc_error *error,
                                   const own_failure *none = nullptr) noexcept
    {
        response_ = response;
        error_ = error;
        none_ = none;
        switch (step_.exchange(over, std::memory_order_acq_rel)) {
        case awaited:
            return waiter_;
        case abandoned:
            delete this;
            return nullptr;
        default:
            return nullptr;
        }
    }

    result<response> take() noexcept
    {
        static constexpr own_failure taken = {HTTPC_E_INVALID_ARG, "the outcome was awaited already"};
        if (httpc_response *response = std::exchange(response_, nullptr)) {
            return httpclient::response(response);
        }
        if (httpc_error *error = std::exchange(error_, nullptr)) {
            return httpclient::error(error);
        }
        return httpclient::error(none_ != nullptr ? none_ : &taken);
    }

    /* Its operation is gone. */
    void abandon() noexcept
    {
        cancel(); /* while it is certain to exist */
        if (step_.exchange(abandoned, std::memory_order_acq_rel) == over) {
            delete this;
        }
    }

  private:
    std::atomic<int> step_{running};
    std::coroutine_handle<> waiter_;
    httpc_call *call_ = nullptr;
    httpc_response *response_ = nullptr;
    httpc_error *error_ = nullptr;
    const own_failure *none_ = nullptr;
};

struct abandon {
    void operator()(pending *pending) const noexcept { pending->abandon(); }
};
using owned_pending = std::unique_ptr<pending, abandon>;

/* Submits with a `submit` that gets (out, err), and keeps its failure as the outcome. */
template <class Pending, class Submit> owned_pending launch(std::unique_ptr<Pending> made, Submit submit)
{
    Pending *const pending = made.release();
    httpc_error *error = nullptr;
    if (submit(pending, pending->call_out(), &error) != HTTPC_OK) {
        pending->arrive(nullptr, error);
    }
    return owned_pending(pending);
}

/* Goes on wherever the outcome arrives. */
struct resume_here {
    void operator()(std::coroutine_handle<> waiter) const { waiter.resume(); }
};

template <class Resume>
inline constexpr bool is_resume = std::is_invocable_v<std::decay_t<Resume>, std::coroutine_handle<>>;

template <class Resume> class pending_by_function : public pending
{
  public:
    explicit pending_by_function(Resume resume) : resume_(std::move(resume)) {}

    static void done(void *self, httpc_code, httpc_response *response, httpc_error *error) noexcept
    {
        auto *const own = static_cast<pending_by_function *>(self);
        /* First: the coroutine, once it is resumed, may destroy all this. */
        Resume resume(std::move(own->resume_));
        if (const auto waiter = own->arrive(response, error)) {
            std::invoke(std::move(resume), waiter);
        }
    }

  private:
    Resume resume_;
};

template <class Resume> owned_pending start(httpc_client *client, const httpc_request *request, Resume &&resume)
{
    using made = pending_by_function<std::decay_t<Resume>>;
    return launch(std::make_unique<made>(std::forward<Resume>(resume)),
                  [=](made *pending, httpc_call **out, httpc_error **error) {
                      return httpc_submit(client, request, made::done, pending, out, error);
                  });
}

} // namespace detail

/* ---- Awaitable calls --------------------------------------------------------------------- */

/**
 * A call under way, submitted by client::async() or try_async(): `co_await` gives its outcome, once. T is response,
 * thrown failures as those of send(), or result<response>. It runs from the beginning, so that several may be started
 * before the first is awaited. Destroying it, and so a coroutine that waits for it, cancels the call, and the coroutine
 * is not resumed; do that on the thread that would resume it.
 */
template <class T> class [[nodiscard]] operation
{
  public:
    operation(detail::owned_pending pending) noexcept : pending_(std::move(pending)) {}
    template <class Other> operation(operation<Other> &&other) noexcept : pending_(std::move(other).release()) {}

    /** The outcome is HTTPC_E_CANCELLED, unless the call is over. Any thread may do that while the operation exists. */
    void cancel() const noexcept
    {
        if (pending_) {
            pending_->cancel();
        }
    }
    /** Whether `co_await` would go on at once. */
    bool is_over() const noexcept { return !pending_ || pending_->is_over(); }

    bool await_ready() const noexcept { return is_over(); }
    bool await_suspend(std::coroutine_handle<> waiter) noexcept { return pending_->await(waiter); }
    T await_resume()
    {
        static constexpr detail::own_failure moved = {HTTPC_E_INVALID_ARG, "the operation was moved from"};
        auto outcome = pending_ ? pending_->take() : result<response>(httpclient::error(&moved));
#if HTTPCLIENT_EXCEPTIONS
        if constexpr (std::is_same_v<T, response>) {
            return std::move(outcome).value();
        } else
#endif
        {
            return outcome;
        }
    }

    detail::owned_pending release() &&noexcept { return std::move(pending_); }

  private:
    detail::owned_pending pending_;
};

/* ---- A loop for coroutines --------------------------------------------------------------- */

/**
 * Resumes coroutines on the thread that runs it, all by one thread at a time: a queue for coroutines. It neither copies
 * nor moves. Destroying it cancels the calls that were started with it; coroutines that wait for them are not resumed
 * any more.
 */
class run_loop
{
  public:
    run_loop() noexcept = default;
    run_loop(const run_loop &) = delete;
    run_loop &operator=(const run_loop &) = delete;
    ~run_loop()
    {
        static constexpr detail::own_failure gone = {HTTPC_E_CLOSED, "the run_loop was destroyed"};
        queue_ = queue(nullptr); /* discards what comes */
        while (first_ != nullptr) {
            pending *const left = first_;
            remove(left);
            left->cancel();
            static_cast<void>(left->arrive(nullptr, nullptr, &gone));
        }
    }

    /** Readable while a coroutine can be resumed: for a program with an event loop of its own, which then calls
     * run_ready(). To be polled, never to be read or closed. */
    int fd() const noexcept { return queue_.fd(); }
    /** Calls under way. */
    std::size_t length() const noexcept { return length_; }

    /** Waits for one outcome and resumes the coroutine that waits for it. False when none came within `wait`, or when
     * no call is under way. What leaves the coroutine as an exception, leaves this. */
    bool run_one(milliseconds wait = forever)
    {
        if (length_ == 0) {
            return false;
        }
        const auto event = queue_.try_next(wait);
        if (!event) {
            return false;
        }
        auto *const ended = static_cast<pending *>(event->tag());
        remove(ended);
        httpc_event *const native = event->native_handle();
        if (const auto waiter = ended->arrive(httpc_event_take_response(native), httpc_event_take_error(native))) {
            waiter.resume();
        }
        return true;
    }
    /** Resumes all that can be resumed, without waiting; how many outcomes there were. */
    std::size_t run_ready()
    {
        std::size_t count = 0;
        while (run_one(milliseconds(0))) {
            count++;
        }
        return count;
    }
    /** Until no call is under way. */
    void run()
    {
        while (run_one()) {
        }
    }

  private:
    friend class client;

    struct pending : detail::pending {
        pending *before = nullptr, *after = nullptr;
    };

    detail::owned_pending start(httpc_client *client, const httpc_request *request)
    {
        auto made = std::make_unique<pending>();
        pending *const added = made.get();
        auto started = detail::launch(std::move(made), [=, this](void *tag, httpc_call **out, httpc_error **error) {
            return httpc_submit_to(client, request, queue_.native_handle(), tag, out, error);
        });
        if (!started->is_over()) {
            add(added);
        }
        return started;
    }

    void add(pending *added) noexcept
    {
        added->after = first_;
        if (first_ != nullptr) {
            first_->before = added;
        }
        first_ = added;
        length_++;
    }

    void remove(pending *removed) noexcept
    {
        (removed->before != nullptr ? removed->before->after : first_) = removed->after;
        if (removed->after != nullptr) {
            removed->after->before = removed->before;
        }
        length_--;
    }

    queue queue_;
    pending *first_ = nullptr;
    std::size_t length_ = 0;
};

} // namespace httpclient

#endif

#endif
