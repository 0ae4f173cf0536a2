#include "watch.h"

#include <fmt/format.h>
#include <nanobind/stl/string.h>

#include "bind.h"

namespace latentdial::binding {
namespace {

namespace nb = nanobind;

thread_local const Pipeline* at_work = nullptr;

}  // namespace

Watch::Turn::Turn(const Pipeline& pipeline) : before_(at_work) {
  if (at_work == &pipeline) {
    throw invalid_input(
        "callback: the pipeline is at work on what it reports; call it when that is finished");
  }
  at_work = &pipeline;
}

Watch::Turn::~Turn() {
  at_work = before_;
}

void Watch::on_step(const StepProgress& progress) {
  const nb::gil_scoped_acquire locked;
  try {
    tell_python(progress);
  } catch (...) {
    fault_ = std::current_exception();
    stop_.request_stop();
  }
}

void Watch::tell_python(const StepProgress& progress) {
  if (fault_ != nullptr) return;
  if (PyErr_CheckSignals() != 0) throw nb::python_error();
  if (callback_.is_none()) return;
  const nb::object answer = callback_(Progress{progress.step, progress.steps, picture_, pictures_});
  if (answer.is(nb::handle(Py_False)))
    throw Error(ErrorCode::cancelled, "the callback returned False: stopped before the picture was finished");
}

void bind_watch(nb::module_& module) {
  nb::class_<Progress>(module, "Progress", "How far a call is; what a callback is told after each step.")
      .def_ro("step", &Progress::step, "Steps done of the batch of pictures that is being made.")
      .def_ro("steps", &Progress::steps, "Its steps in all.")
      .def_ro("picture", &Progress::picture, "Pictures finished.")
      .def_ro("pictures", &Progress::pictures, "Pictures in all.")
      .def("__repr__", [](const Progress& p) {
        return fmt::format("Progress(step={}, steps={}, picture={}, pictures={})", p.step, p.steps, p.picture,
                           p.pictures);
      });
}

}  // namespace latentdial::binding
