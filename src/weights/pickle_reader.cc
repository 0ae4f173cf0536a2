#include <fmt/format.h>

#include <unordered_map>
#include <utility>
#include <vector>

#include "latentdial/error.h"
#include "text/quote.h"
#include "weights/pickle.h"

namespace latentdial::detail {
namespace {

// Far above any real checkpoint (a full one with optimiser state has some 100,000 values).
constexpr std::size_t kMostValues = 2'000'000;
constexpr std::size_t kMostSteps = 20'000'000;
constexpr std::size_t kDeepestStack = 1'000'000;

// Opcodes by their byte, as in Python's pickletools.
enum class Op : unsigned char {
  mark = '(',
  stop = '.',
  pop = '0',
  pop_mark = '1',
  dup = '2',
  binfloat = 'G',
  binint = 'J',
  binint1 = 'K',
  binint2 = 'M',
  none = 'N',
  binpersid = 'Q',
  reduce = 'R',
  binstring = 'T',
  short_binstring = 'U',
  binunicode = 'X',
  append = 'a',
  build = 'b',
  global = 'c',
  dict = 'd',
  appends = 'e',
  binget = 'h',
  long_binget = 'j',
  list = 'l',
  binput = 'q',
  long_binput = 'r',
  setitem = 's',
  tuple = 't',
  setitems = 'u',
  empty_dict = '}',
  empty_list = ']',
  empty_tuple = ')',
  binbytes = 'B',
  short_binbytes = 'C',
  proto = 0x80,
  newobj = 0x81,
  tuple1 = 0x85,
  tuple2 = 0x86,
  tuple3 = 0x87,
  new_true = 0x88,
  new_false = 0x89,
  long1 = 0x8a,
  long4 = 0x8b,
  short_binunicode = 0x8c,
  binunicode8 = 0x8d,
  binbytes8 = 0x8e,
  empty_set = 0x8f,
  additems = 0x90,
  frozenset = 0x91,
  newobj_ex = 0x92,
  stack_global = 0x93,
  memoize = 0x94,
  frame = 0x95,
  bytearray8 = 0x96,
};

class Interpreter {
 public:
  Interpreter(const std::string& file, std::string_view bytes) : file_(file), bytes_(bytes) {}

  Pickle run() {
    for (std::size_t steps = 0; steps < kMostSteps; ++steps) {
      const auto op = static_cast<Op>(take(1)[0]);
      if (op == Op::stop) {
        pickle_.root = pop();
        return std::move(pickle_);
      }
      if (!constant(op) && !container(op) && !memo(op) && !call(op)) {
        fail(fmt::format("has opcode 0x{:02x}, which torch.save does not write", static_cast<unsigned>(op)));
      }
      if (stack_.size() > kDeepestStack) fail("needs an absurdly deep stack");
    }
    fail("is absurdly long");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw invalid_input(fmt::format("{}: its data.pkl {} (at byte {}): damaged, or not a PyTorch checkpoint",
                                    file_, what, at_));
  }
  [[noreturn]] void refuse(std::string_view what) const {
    throw invalid_input(fmt::format(
        "{}: would run {}: refused; a checkpoint only needs PyTorch's own rebuild functions", file_, what));
  }

  // ── Bytes ──
  std::string_view take(std::uint64_t n) {
    if (n > bytes_.size() - at_) fail("ends early");
    const auto taken = bytes_.substr(at_, n);
    at_ += n;
    return taken;
  }
  std::uint64_t little_endian(std::size_t n) {
    std::uint64_t value = 0;
    const auto taken = take(n);
    for (std::size_t i = 0; i < n; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(taken[i])} << (8 * i);
    return value;
  }
  std::string_view line() {
    const auto end = bytes_.find('\n', at_);
    if (end == std::string_view::npos) fail("ends early");
    const auto text = take(end - at_);
    take(1);
    return text;
  }

  // ── Stack ──
  void push(PickleRef ref) { stack_.push_back(ref); }
  void push(PickleValue value) {
    if (pickle_.values.size() == kMostValues) fail("holds absurdly many values");
    pickle_.values.push_back(std::move(value));
    push(static_cast<PickleRef>(pickle_.values.size() - 1));
  }
  PickleRef pop() {
    if (stack_.size() <= floor()) fail("takes from an empty stack");
    const auto ref = stack_.back();
    stack_.pop_back();
    return ref;
  }
  PickleRef top() {
    const auto ref = pop();
    push(ref);
    return ref;
  }
  [[nodiscard]] std::size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  std::vector<PickleRef> pop_to_mark() {
    if (marks_.empty()) fail("lacks a mark");
    const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<PickleRef> items(from, stack_.end());
    stack_.erase(from, stack_.end());
    marks_.pop_back();
    return items;
  }
  std::vector<PickleRef> pop_some(std::size_t n) {
    std::vector<PickleRef> items(n);
    while (n > 0) items[--n] = pop();
    return items;
  }
  // An object that is not the container it should be (an inert one) drops what it is given.
  void extend(PickleRef target, PickleKind kind, const std::vector<PickleRef>& items) {
    auto& value = pickle_.values[target];
    if (value.kind == kind) value.items.insert(value.items.end(), items.begin(), items.end());
  }
  void add_pairs(const std::vector<PickleRef>& items) {
    if (items.size() % 2 != 0) fail("has a dictionary key without a value");
    extend(top(), PickleKind::dict, items);
  }

  // ── Opcodes; each group says whether `op` was one of its own ──
  bool constant(Op op);
  bool text(Op op);
  bool container(Op op);
  bool memo(Op op);
  bool call(Op op);

  void push_integer(std::int64_t value) { push({PickleKind::integer, value}); }
  void push_long(std::uint64_t n) {
    const auto digits = take(n);
    if (n > 8) return push(PickleValue{PickleKind::inert});  // Only random states and the like are so long.
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < n; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(digits[i])} << (8 * i);
    const bool negative = n > 0 && n < 8 && (static_cast<unsigned char>(digits[n - 1]) & 0x80u) != 0;
    if (negative) value |= ~std::uint64_t{0} << (8 * n);
    push_integer(static_cast<std::int64_t>(value));
  }
  void push_global(std::string_view module, std::string_view name) {
    constexpr std::size_t kLongest = 256;
    if (module.size() + name.size() > kLongest) fail("names an absurdly long function");
    push({PickleKind::global, 0, module, name});
  }
  void push_text(std::string_view value) { push({PickleKind::text, 0, value}); }
  void push_sequence(std::vector<PickleRef> items) {
    push({PickleKind::sequence, 0, {}, {}, std::move(items)});
  }
  void store(std::uint64_t index) { memo_[index] = top(); }
  void fetch(std::uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end()) fail("recalls what it never stored");
    push(found->second);
  }
  void apply(PickleRef callee, PickleRef arguments);

  const std::string& file_;
  std::string_view bytes_;
  std::size_t at_ = 0;
  Pickle pickle_;
  std::vector<PickleRef> stack_;
  std::vector<std::size_t> marks_;
  std::unordered_map<std::uint64_t, PickleRef> memo_;
};

bool Interpreter::constant(Op op) {
  switch (op) {
    case Op::proto:
      if (const auto version = little_endian(1); version > 5)
        fail(fmt::format("is of unknown protocol {}", version));
      return true;
    case Op::frame:
      take(8);
      return true;
    case Op::none:
      push(PickleValue{PickleKind::none});
      return true;
    case Op::new_true:
    case Op::new_false:
      push({PickleKind::boolean, op == Op::new_true ? 1 : 0});
      return true;
    case Op::binint:
      push_integer(static_cast<std::int32_t>(little_endian(4)));
      return true;
    case Op::binint1:
      push_integer(static_cast<std::int64_t>(little_endian(1)));
      return true;
    case Op::binint2:
      push_integer(static_cast<std::int64_t>(little_endian(2)));
      return true;
    case Op::long1:
      push_long(little_endian(1));
      return true;
    case Op::long4:
      push_long(little_endian(4));
      return true;
    case Op::binfloat:
      take(8);
      push(PickleValue{PickleKind::real});
      return true;
    default:
      return text(op);
  }
}

bool Interpreter::text(Op op) {
  switch (op) {
    case Op::short_binunicode:
    case Op::short_binstring:
    case Op::short_binbytes:
      push_text(take(little_endian(1)));
      return true;
    case Op::binunicode:
    case Op::binstring:
    case Op::binbytes:
      push_text(take(little_endian(4)));
      return true;
    case Op::binunicode8:
    case Op::binbytes8:
    case Op::bytearray8:
      push_text(take(little_endian(8)));
      return true;
    default:
      return false;
  }
}

bool Interpreter::container(Op op) {
  switch (op) {
    case Op::mark:
      if (marks_.size() == kDeepestStack) fail("needs an absurdly deep stack");
      marks_.push_back(stack_.size());
      return true;
    case Op::empty_tuple:
    case Op::empty_list:
    case Op::empty_set:
      push_sequence({});
      return true;
    case Op::tuple1:
    case Op::tuple2:
    case Op::tuple3:
      push_sequence(pop_some(static_cast<std::size_t>(op) - static_cast<std::size_t>(Op::tuple1) + 1));
      return true;
    case Op::tuple:
    case Op::list:
    case Op::frozenset:
      push_sequence(pop_to_mark());
      return true;
    case Op::append: {
      const auto item = pop();
      extend(top(), PickleKind::sequence, {item});
      return true;
    }
    case Op::appends:
    case Op::additems: {
      const auto items = pop_to_mark();
      extend(top(), PickleKind::sequence, items);
      return true;
    }
    case Op::empty_dict:
      push(PickleValue{PickleKind::dict});
      return true;
    case Op::dict: {
      const auto items = pop_to_mark();
      push(PickleValue{PickleKind::dict});
      add_pairs(items);
      return true;
    }
    case Op::setitem:
      add_pairs(pop_some(2));
      return true;
    case Op::setitems:
      add_pairs(pop_to_mark());
      return true;
    default:
      return false;
  }
}

bool Interpreter::memo(Op op) {
  switch (op) {
    case Op::pop:
      pop();
      return true;
    case Op::pop_mark:
      pop_to_mark();
      return true;
    case Op::dup:
      push(top());
      return true;
    case Op::binput:
      store(little_endian(1));
      return true;
    case Op::long_binput:
      store(little_endian(4));
      return true;
    case Op::memoize:
      store(memo_.size());
      return true;
    case Op::binget:
      fetch(little_endian(1));
      return true;
    case Op::long_binget:
      fetch(little_endian(4));
      return true;
    default:
      return false;
  }
}

bool Interpreter::call(Op op) {
  switch (op) {
    case Op::global: {
      const auto module = line();
      push_global(module, line());
      return true;
    }
    case Op::stack_global: {
      const auto name = pop();
      push_global(pickle_[pop()].text, pickle_[name].text);
      return true;
    }
    case Op::binpersid:
      push({PickleKind::storage, 0, {}, {}, {pop()}});
      return true;
    case Op::newobj_ex:
      pop();  // The keyword arguments.
      [[fallthrough]];
    case Op::reduce:
    case Op::newobj: {
      const auto arguments = pop();
      apply(pop(), arguments);
      return true;
    }
    case Op::build:
      pop();  // The state, which nothing here reads.
      top();
      return true;
    default:
      return false;
  }
}

void Interpreter::apply(PickleRef callee, PickleRef arguments) {
  const auto& function = pickle_[callee];
  const auto& given = pickle_[arguments].items;
  if (function.kind != PickleKind::global) refuse("a value that is not a function");
  const auto shown = [](const PickleValue& g) { return printable(fmt::format("{}.{}", g.text, g.name)); };
  if (function.name == "_reconstructor" && !given.empty()) {
    const auto& type = pickle_[given.front()];
    if (allowed_call(type.text, type.name) == PickleCall::refuse) refuse(shown(type));
  }
  switch (allowed_call(function.text, function.name)) {
    case PickleCall::rebuild_tensor:
      // The arguments stay one shared sequence: copying them for every call would let memory grow with the
      // square.
      return push({PickleKind::tensor, 0, {}, {}, {arguments}});
    case PickleCall::rebuild_parameter:
      if (given.empty()) fail("rebuilds a parameter from nothing");
      return push(given.front());
    case PickleCall::make_dict:
      return push(PickleValue{PickleKind::dict});
    case PickleCall::make_inert:
      return push(PickleValue{PickleKind::inert});
    case PickleCall::refuse:
      refuse(shown(function));
  }
}

}  // namespace

Pickle read_pickle(const std::string& file, std::string_view bytes) {
  return Interpreter(file, bytes).run();
}

}  // namespace latentdial::detail
