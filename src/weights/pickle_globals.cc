#include <algorithm>
#include <string>
#include <utility>

#include "weights/pickle.h"

namespace latentdial::detail {
namespace {

struct Allowed {
  std::string_view name;
  PickleCall call;
};

constexpr Allowed kAllowed[] = {
    {"torch._utils._rebuild_tensor", PickleCall::rebuild_tensor},
    {"torch._utils._rebuild_tensor_v2", PickleCall::rebuild_tensor},
    {"torch._utils._rebuild_tensor_v3", PickleCall::rebuild_tensor},
    {"torch._utils._rebuild_parameter", PickleCall::first_argument},
    {"torch._utils._rebuild_parameter_with_state", PickleCall::first_argument},
    {"torch._tensor._rebuild_from_type_v2", PickleCall::rebuild_subclass},
    {"torch._utils._rebuild_sparse_tensor", PickleCall::make_inert},
    {"torch._utils._rebuild_qtensor", PickleCall::make_inert},
    {"torch._utils._rebuild_meta_tensor_no_storage", PickleCall::make_inert},
    {"torch._utils._rebuild_device_tensor_from_numpy", PickleCall::make_inert},
    {"torch.serialization._get_layout", PickleCall::make_inert},
    {"collections.OrderedDict", PickleCall::make_dict},
    {"collections.defaultdict", PickleCall::make_dict},
    {"collections.Counter", PickleCall::make_dict},
    {"builtins.dict", PickleCall::make_dict},
    {"torch.Size", PickleCall::make_inert},
    {"torch.device", PickleCall::make_inert},
    {"torch.torch_version.TorchVersion", PickleCall::make_inert},
    {"numpy.dtype", PickleCall::make_inert},
    {"numpy.ndarray", PickleCall::make_inert},
    {"numpy._core.multiarray.scalar", PickleCall::make_number},
    {"numpy._core.multiarray._reconstruct", PickleCall::make_inert},
    {"_codecs.encode", PickleCall::first_argument},
    {"copyreg._reconstructor", PickleCall::make_inert},
    {"collections.deque", PickleCall::make_inert},
    {"builtins.set", PickleCall::make_inert},
    {"builtins.frozenset", PickleCall::make_inert},
    {"builtins.bytearray", PickleCall::make_inert},
    {"builtins.complex", PickleCall::make_inert},
    {"builtins.object", PickleCall::make_inert},
    {"builtins.slice", PickleCall::make_inert},
    {"builtins.range", PickleCall::make_inert},
    {"builtins.xrange", PickleCall::make_inert},
    {"builtins.int", PickleCall::make_inert},
    {"builtins.float", PickleCall::make_inert},
    {"builtins.bytes", PickleCall::make_inert},
    {"builtins.str", PickleCall::make_inert},
    {"argparse.Namespace", PickleCall::make_inert},
    {"pathlib.PosixPath", PickleCall::make_inert},
    {"pathlib.PurePosixPath", PickleCall::make_inert},
    {"pathlib.WindowsPath", PickleCall::make_inert},
    {"datetime.datetime", PickleCall::make_inert},
    {"datetime.timedelta", PickleCall::make_inert},
    {"datetime.timezone", PickleCall::make_inert},
    {"datetime.date", PickleCall::make_inert},
    {"datetime.time", PickleCall::make_inert},
    {"types.SimpleNamespace", PickleCall::make_inert},
    {"uuid.UUID", PickleCall::make_inert},
    {"decimal.Decimal", PickleCall::make_inert},
    {"fractions.Fraction", PickleCall::make_inert},
};

// Modules as Python 2 and numpy 1 called them.
constexpr std::pair<std::string_view, std::string_view> kRenamed[] = {
    {"__builtin__.", "builtins."}, {"copy_reg.", "copyreg."}, {"numpy.core.", "numpy._core."}};

constexpr std::string_view kModules = "torch.nn.modules.";

// Trainers store their own bookkeeping beside the weights.
constexpr std::string_view kInertPackages[] = {"pytorch_lightning.", "lightning.", "lightning_fabric.",
                                               "omegaconf."};

}  // namespace

PickleCall allowed_call(std::string_view module, std::string_view name) {
  auto full = std::string(module) + "." + std::string(name);
  for (const auto& [old, now] : kRenamed)
    if (full.starts_with(old)) full.replace(0, old.size(), now);
  const auto* found = std::ranges::find(kAllowed, full, &Allowed::name);
  if (found != std::end(kAllowed)) return found->call;
  if (full.starts_with(kModules)) return PickleCall::make_module;
  const bool inert =
      std::ranges::any_of(kInertPackages, [&](auto package) { return full.starts_with(package); });
  return inert ? PickleCall::make_inert : PickleCall::refuse;
}

}  // namespace latentdial::detail
