#!/usr/bin/env bash
# Ways to look for faults that the tests alone do not show: tools/check.sh asan|valgrind|analyze|neon|parse
# Each builds what it needs under build/check/; what follows asan and valgrind goes to pytest.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$root/build/check
python=${PYTHON:-python3}
export PIP_DISABLE_PIP_VERSION_CHECK=1
cd "$root"
kernels=(src/dtypes/*.c src/{casts,copy,divides,gradients,kernels,places,powers}.c)      # for each instruction set

# An environment of its own for each build: $work/NAME, made from the source as it is now.
build() {    # build NAME SETUP_ARGUMENTS...
    local name=$1 arguments=()
    shift
    for argument; do arguments+=("-Csetup-args=$argument"); done
    [[ -x $work/$name/bin/pip ]] || "$python" -m venv "$work/$name"
    "$work/$name/bin/pip" install --quiet meson-python meson ninja cython numpy pytest pytest-cov pytest-xdist hypothesis ml_dtypes
    PATH=$work/$name/bin:$PATH "$work/$name/bin/pip" install --quiet --no-build-isolation --no-deps \
        --force-reinstall "-Cbuild-dir=$work/$name-build" "${arguments[@]}" "$root"
}

# The whole suite with AddressSanitizer and UndefinedBehaviorSanitizer; every finding ends the run.
# One instruction set, since kernels with checks in them take minutes to compile: the others differ in what their
# vectors are, and tests/guard_pages.py sees what they touch.  Left out for the same reason are UBSan's checks of
# pointers before each access (null, object-size, pointer-overflow): what lies outside an object is ASan's to find.
# Leaks are not looked for: the interpreter frees little at its end.
asan() {
    build asan -Disas="${ISA:-baseline}" -Dbuildtype=plain -Db_lundef=false "-Dc_args=-O1 -g1 -fno-omit-frame-pointer \
        -fsanitize=address,undefined -fno-sanitize=null,object-size,pointer-overflow -fno-sanitize-recover=all \
        --param asan-instrumentation-with-call-threshold=0" '-Dc_link_args=-fsanitize=address,undefined'
    export LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
    export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
    "$work/asan/bin/python" tests/fuzz.py asan 4000
    "$work/asan/bin/pytest" -p no:cacheprovider --capture=sys "$@"     # a finding is written past Python
}

# memcheck on a few random calls, an hour's worth on the whole suite: pass tests to run instead.  AVX2 is the most that
# valgrind knows.  Its complaints about the interpreter are silenced by PYTHONMALLOC and by asking for ours alone.
valgrind() {
    build plain -Disas=avx2,baseline -Dbuildtype=debugoptimized
    local what=("-m" "pytest" "-n" "0" "-p" "no:cacheprovider" "$@")
    (($#)) || what=(-c "import sys; sys.path.insert(0, 'tests'); import fuzz
for i in range(600):
    result, why = fuzz.verdict(fuzz.case_of('valgrind', i))
    assert why is None, (i, why)
print('600 cases passed')")
    PYTHONMALLOC=malloc command valgrind --error-exitcode=9 --quiet --undef-value-errors=yes --track-origins=yes \
        --suppressions=tools/valgrind.supp "$work/plain/bin/python" -P "${what[@]}"
}

# gcc's static analyzer, and every warning.  Conversions are asked of the files that are no kernels: in vector code
# -Wconversion means every lane of every operator, and finds nothing but the promotions that C prescribes.
analyze() {
    local file status=0
    mkdir -p "$work"
    printf 'POOL_ISA(baseline)\n' >"$work/isas_built.h"
    local flags=(-c -o /dev/null -std=gnu11 -O1 -fopenmp -Isrc "-I$work" -ffp-contract=off -fwrapv -Wno-psabi)
    local isa=(-DISA=baseline '-DISA_HEADER="isas/baseline.h"' '-DISA_NEEDS=""')
    local outside=()
    for file in src/*.c; do
        [[ $file == *.tmpl.c || " ${kernels[*]} " == *" $file "* ]] || outside+=("$file")
    done
    for file in "${outside[@]}"; do
        gcc "${flags[@]}" -fanalyzer -Werror -Wall -Wextra -Wconversion -Wshadow "$file" || status=1
    done
    for file in "${kernels[@]}"; do
        gcc "${flags[@]}" "${isa[@]}" -Werror -Wall -Wextra -Wshadow "$file" || status=1
    done
    ((status)) || echo "no warnings: ${outside[*]} ${kernels[*]}"
    return "$status"
}

# Every kernel for AArch64, without warnings; then under qemu-user against the same sums and maxima in scalar C.
neon() {
    local cc=aarch64-linux-gnu-gcc file
    mkdir -p "$work/neon"
    for file in "${kernels[@]}"; do
        $cc -c -o "$work/neon/$(basename "$file" .c).o" -std=gnu11 -O2 -ffp-contract=off -fwrapv -Wno-psabi \
            -Werror -Wall -Wextra -Isrc -DISA=neon '-DISA_HEADER="isas/neon.h"' '-DISA_NEEDS=""' "$file"
    done
    $cc -static -O1 -Wall -Wextra -Isrc -o "$work/neon/test" tools/kernels.c "$work"/neon/*.o -lm
    qemu-aarch64 "$work/neon/test"
}

# The kernels of AVX-512, refused with any warning; no code is made of them, which would take minutes.
parse() {
    local file
    for file in "${kernels[@]}"; do
        gcc -fsyntax-only -std=gnu11 -march=x86-64-v4 -Wno-psabi -Werror -Wall -Wextra -Isrc \
            -DISA=avx512 '-DISA_HEADER="isas/avx512.h"' '-DISA_NEEDS="avx512vl"' "$file"
    done
}

case ${1:-} in
asan | valgrind | analyze | neon | parse) "$@" ;;
*) sed -n '2,3s/^# //p' "$0" >&2; exit 2 ;;
esac
