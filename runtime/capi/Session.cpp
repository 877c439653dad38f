//===- Session.cpp - C interface: sessions and calls ----------------------===//
#include "core/Session.h"
#include "Handles.h"
#include "core/Generator.h"

using namespace einfall::rt;

namespace {

/// A list of a call: in an array, so that a usual call allocates nothing, or on
/// the heap where it is longer.
template <typename T> class List {
public:
  Status resize(const void *source, size_t n, const char *what) {
    if (n != 0 && !source)
      return invalidArgument("the list of " + std::string(what) + "s is null, expected " +
                             std::to_string(n));
    count = n;
    if (n > kUsual)
      more.resize(n);
    return {};
  }
  T &operator[](size_t i) { return count > kUsual ? more[i] : few[i]; }
  std::span<const T> span() const { return {count > kUsual ? more.data() : few, count}; }

private:
  static constexpr size_t kUsual = 32;
  T few[kUsual];
  std::vector<T> more;
  size_t count = 0;
};

/// C arguments as the runtime's views.
struct Views : List<TensorView> {
  Status read(const einf_tensor *source, size_t n, const char *what) {
    EINF_TRY(resize(source, n, what));
    for (size_t i = 0; i < n; ++i) {
      const einf_tensor &t = source[i];
      if (unsigned(t.dtype) >= kDTypeCount || t.rank < 0 || t.rank > 16 ||
          (t.rank != 0 && !t.shape))
        return invalidArgument(std::string(what) + " " + std::to_string(i) +
                               " has a bad dtype, rank or shape");
      (*this)[i] = {t.name ? t.name : "", t.data, DType(t.dtype), {t.shape, size_t(t.rank)}};
    }
    return {};
  }
};

struct Numbers : List<Binding> {
  Status read(const einf_binding *source, size_t n, const char *what) {
    EINF_TRY(resize(source, n, what));
    for (size_t i = 0; i < n; ++i) {
      if (!source[i].name)
        return invalidArgument(std::string(what) + " without a name");
      (*this)[i] = {source[i].name, source[i].value};
    }
    return {};
  }
};

Status finish(const einf_package *package, Result<std::unique_ptr<Session>> session,
              einf_session **out) {
  if (!session)
    return session.status();
  auto handle = std::make_unique<einf_session>();
  handle->package = package->package;
  handle->session = std::move(*session);
  handle->target = handle->session->target();
  *out = handle.release();
  return {};
}

} // namespace

extern "C" {

einf_status einf_session_open(einf_package *package, const einf_binding *bounds, size_t count,
                              einf_session **out) {
  return einf_session_open_on(package, "cpu", bounds, count, out);
}

einf_status einf_session_open_on(einf_package *package, const char *device,
                                 const einf_binding *bounds, size_t count, einf_session **out) {
  return guarded([&]() -> Status {
    if (!package || !device || !out)
      return invalidArgument("einf_session_open: an argument is null");
    *out = nullptr;
    Numbers numbers;
    EINF_TRY(numbers.read(bounds, count, "bound"));
    return finish(package, Session::open(package->package, numbers.span(), device), out);
  });
}

einf_status einf_session_open_lm(einf_package *package, int64_t batch, int64_t context,
                                 int64_t chunk, einf_session **out) {
  return einf_session_open_lm_on(package, "cpu", batch, context, chunk, out);
}

einf_status einf_session_open_lm_on(einf_package *package, const char *device, int64_t batch,
                                    int64_t context, int64_t chunk, einf_session **out) {
  return guarded([&]() -> Status {
    if (!package || !device || !out)
      return invalidArgument("einf_session_open_lm: an argument is null");
    *out = nullptr;
    return finish(package, openLmSession(package->package, batch, context, chunk, device), out);
  });
}

void einf_session_close(einf_session *session) { delete session; }

const char *einf_session_target(const einf_session *session) {
  return session ? session->target.c_str() : nullptr;
}

const char *einf_session_device(const einf_session *session) {
  return session ? session->session->device().c_str() : nullptr;
}

uint64_t einf_session_arena_bytes(const einf_session *session) {
  return session ? session->session->arenaBytes() : 0;
}

uint64_t einf_session_state_bytes(const einf_session *session) {
  return session ? session->session->stateBytes() : 0;
}

const char *einf_session_notes(einf_session *session) {
  if (!session)
    return nullptr;
  session->notes = session->session->notes();
  return session->notes.c_str();
}

int32_t einf_session_counters(const einf_session *session, const char *kernel, uint64_t *counters) {
  if (!session || !kernel || !counters)
    return 0;
  std::optional<Counters> values = session->session->counters(kernel);
  if (values)
    std::copy(values->begin(), values->end(), counters);
  return values.has_value();
}

einf_status einf_reset(einf_session *session) {
  return guarded([&]() -> Status {
    if (!session)
      return invalidArgument("einf_reset: the session is null");
    return session->session->reset();
  });
}

einf_status einf_wait(einf_session *session) {
  return guarded([&]() -> Status {
    if (!session)
      return invalidArgument("einf_wait: the session is null");
    return session->session->wait();
  });
}

einf_status einf_output_shape(einf_session *session, const char *entry, const einf_tensor *inputs,
                              size_t inputCount, const einf_binding *params, size_t paramCount,
                              size_t output, int64_t *shape, int32_t *rank) {
  return guarded([&]() -> Status {
    if (!session || !entry || !rank || (*rank > 0 && !shape))
      return invalidArgument("einf_output_shape: an argument is null");
    Views in;
    Numbers numbers;
    EINF_TRY(in.read(inputs, inputCount, "input"));
    EINF_TRY(numbers.read(params, paramCount, "parameter"));
    std::vector<int64_t> result;
    EINF_TRY(session->session->outputShape(entry, in.span(), numbers.span(), output, result));
    if (result.size() > size_t(std::max(*rank, 0)))
      return invalidArgument("einf_output_shape: the output has rank " +
                             std::to_string(result.size()) + ", there is room for " +
                             std::to_string(*rank));
    std::copy(result.begin(), result.end(), shape);
    *rank = int32_t(result.size());
    return {};
  });
}

einf_status einf_run(einf_session *session, const char *entry, const einf_tensor *inputs,
                     size_t inputCount, const einf_binding *params, size_t paramCount,
                     const einf_tensor *outputs, size_t outputCount) {
  return guarded([&]() -> Status {
    if (!session || !entry)
      return invalidArgument("einf_run: an argument is null");
    Views in, out;
    Numbers numbers;
    EINF_TRY(in.read(inputs, inputCount, "input"));
    EINF_TRY(out.read(outputs, outputCount, "output"));
    EINF_TRY(numbers.read(params, paramCount, "parameter"));
    return session->session->run(entry, in.span(), numbers.span(), out.span());
  });
}

} // extern "C"
