#include "watch.h"

#include <fmt/format.h>
#include <nanobind/stl/string.h>

#include "bind.h"
#include "images.h"

namespace latentdial::binding {

namespace nb = nanobind;

thread_local const Watch::Turn* Watch::Turn::innermost_ = nullptr;

Watch::Turn::Turn(const void* engine) : engine_(engine), before_(innermost_) {
  for (const Turn* turn = before_; turn != nullptr; turn = turn->before_) {
    if (turn->engine_ == engine)
      throw invalid_input("callback",
                          "the pipeline is at work on what it reports; call it when that is finished");
  }
  innermost_ = this;
}

Watch::Turn::~Turn() {
  innermost_ = before_;
}

template <class Tell>
void Watch::in_python(Tell&& tell) {
  const nb::gil_scoped_acquire locked;
  try {
    if (fault_ == nullptr) tell();
  } catch (...) {
    fault_ = std::current_exception();
    stop_.request_stop();
  }
}

Observer Watch::observer() {
  Observer observer;
  observer.stop = stop_.get_token();
  observer.on_step = [this](const StepProgress& progress) { in_python([&] { tell_python(progress); }); };
  if (on_preview_.is_none()) return observer;
  observer.wants_preview = [every = preview_every_](const StepProgress& progress, std::size_t) {
    return progress.step % every == 0;
  };
  observer.on_preview = [this](Preview preview) { in_python([&] { on_preview_(std::move(preview)); }); };
  return observer;
}

void Watch::tell_python(const StepProgress& progress) {
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
  if (callback_.is_none()) return;
  const nb::object answer =
      callback_(Progress{progress.step, progress.steps, picture_, pictures_, progress.share()});
  if (answer.is(nb::handle(Py_False)))
    throw Error(ErrorCode::cancelled, "the callback returned False: stopped before the picture was finished");
}

void bind_watch(nb::module_& module) {
  nb::class_<Preview>(module, "Preview", "A picture under way.")
      .def_ro("picture", &Preview::picture, "Its place in the list.")
      .def_ro("step", &Preview::step, "The step after which it looked like this.")
      .def_prop_ro(
          "image", [](const Preview& preview) { return to_array(preview.image); }, nb::rv_policy::move);
  nb::class_<Progress>(module, "Progress", "How far a call is; what a callback is told after each step.")
      .def_ro("step", &Progress::step, "Steps done of the batch of pictures that is being made.")
      .def_ro("steps", &Progress::steps, "Its steps in all.")
      .def_ro("picture", &Progress::picture, "Pictures finished.")
      .def_ro("pictures", &Progress::pictures, "Pictures in all; 0 where that is not known.")
      .def_ro("share", &Progress::share, "Of the call's U-Net evaluations, 0 to 1.")
      .def("__repr__", [](const Progress& p) {
        return fmt::format("Progress(step={}, steps={}, picture={}, pictures={})", p.step, p.steps, p.picture,
                           p.pictures);
      });
}

}  // namespace latentdial::binding
