#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# vCPUs that read the HPET's counter do so at the same time. Runs inside L1, which has a CPU
# for each of them: tools/lab/run --smp 4.
#
# usage: readers.sh MEET READERS
set -euo pipefail

meet=$1 readers=$2
vcpus=4
parameters=/sys/module/meet/parameters
# shellcheck source=tools/testing/bench/lib.sh
. "$(dirname "$0")/lib.sh"

insmod "$meet" function=kt_hpet_counter wanted=$vcpus
reads=$("$readers" $vcpus)
most=$(<$parameters/most)
echo "$reads reads; calls until all had met: $(<$parameters/calls)"
rmmod meet
at_least "vCPUs inside of a read of the HPET's counter at a time" "$most" $vcpus

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
