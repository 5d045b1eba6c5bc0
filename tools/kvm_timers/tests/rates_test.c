// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kvm-timers top computes. Prints TAP.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../late.h"
#include "../rates.h"

#define NS_PER_S	1000000000ULL
#define LAST		(KVM_TIMERS_LATE_BUCKETS - 1)

static unsigned int nr, failed;

static void check(int ok, const char *what)
{
	nr++;
	failed += !ok;
	printf("%sok %u - %s\n", ok ? "" : "not ", nr, what);
}

static const struct kvm_timers_device_status before = {
	.active		= 1,
	.period_ns	= 1000000,
	.stats		= { .due = 5000, .delivered = 4000, .caught_up = 7 },
	.late		= { [3] = 100, [10] = 1 },
};

static void test_rates(void)
{
	struct kvm_timers_device_status now = before;
	struct kt_rates rates;

	now.stats.due += 1000;
	now.stats.delivered += 500;
	now.owed = 3;
	now.late[3] += 40;
	now.late[LAST] += 2;

	kt_rates_device(&rates, &before, &now, NS_PER_S / 2);
	check(rates.known && rates.asked == 2000.0 && rates.delivered == 1000.0,
	      "rates are per second, whatever the interval");
	check(rates.late[3] == 40 && !rates.late[10] && rates.late[LAST] == 2,
	      "the histogram is of the interval");
	check(rates.late_all[3] == 140 && rates.late_all[10] == 1, "and of all time");
	check(rates.owed == 3 && rates.state == KT_RATES_OWES, "a debt is one");

	now.stats.caught_up++;
	kt_rates_device(&rates, &before, &now, NS_PER_S);
	check(rates.state == KT_RATES_CATCHING_UP, "and is being caught up");
	now.owed = 0;
	kt_rates_device(&rates, &before, &now, NS_PER_S);
	check(rates.state == KT_RATES_CATCHING_UP && !rates.catchup_pct, "or has just been");
	now = before;
	now.catchup_rate_pct = 175;
	kt_rates_device(&rates, &before, &now, NS_PER_S);
	check(rates.state == KT_RATES_CATCHING_UP && rates.catchup_pct == 175,
	      "a catch-up in progress is one before it has given a tick");
	kt_rates_device(&rates, NULL, &now, 0);
	check(rates.state == KT_RATES_CATCHING_UP && rates.catchup_pct == 175,
	      "for which one status is enough");
	now.active = 0;
	kt_rates_device(&rates, &before, &now, NS_PER_S);
	check(rates.state == KT_RATES_ABSENT && !rates.catchup_pct,
	      "but not of a device that is not there");
	now = before;
	kt_rates_device(&rates, &before, &now, NS_PER_S);
	check(rates.known && rates.asked == 0.0 && rates.state == KT_RATES_ON_TIME,
	      "no tick in the interval is no rate");
	now.period_ns = 0;
	kt_rates_device(&rates, &before, &now, NS_PER_S);
	check(rates.state == KT_RATES_IDLE, "nothing asked, nothing given: idle");
	now.stats.delivered++;
	kt_rates_device(&rates, &before, &now, NS_PER_S);
	check(rates.state == KT_RATES_ON_TIME, "a one-shot has no period, and is on time");
	now.active = 0;
	kt_rates_device(&rates, &before, &now, NS_PER_S);
	check(rates.state == KT_RATES_ABSENT, "a device that is not there");
}

static void test_unknown(void)
{
	struct kvm_timers_device_status now = before;
	struct kt_rates rates;

	kt_rates_device(&rates, NULL, &now, NS_PER_S);
	check(!rates.known && rates.asked == 0.0 && !rates.late[3] && rates.late_all[3] == 100,
	      "one status has no rate");
	kt_rates_device(&rates, &before, &now, 0);
	check(!rates.known, "nor have two at one time");
	now.stats.due--;
	kt_rates_device(&rates, &before, &now, NS_PER_S);
	check(!rates.known && rates.asked == 0.0, "a VM that counts from 0 again is another one");
	now = before;
	now.late[10] = 0;
	kt_rates_device(&rates, &before, &now, NS_PER_S);
	check(!rates.known && !rates.late[10], "also where only its histogram tells");
	now = before;
	now.stats.due = UINT64_MAX;
	kt_rates_device(&rates, &before, &now, NS_PER_S);
	check(rates.known && rates.asked > 1.8e19, "counters of 64 bits");
}

static void test_sum(void)
{
	struct kvm_timers_device_status now = before;
	struct kt_rates sum = { .owed = 0 }, rates;

	now.stats.due += 10;
	now.stats.delivered += 20;
	now.late[4] = UINT64_MAX;
	now.owed = UINT64_MAX;
	kt_rates_device(&rates, &before, &now, NS_PER_S);
	kt_rates_add(&sum, &rates);
	kt_rates_add(&sum, &rates);
	check(sum.known && sum.asked == 20.0 && sum.delivered == 40.0, "rates add up");
	check(sum.owed == UINT64_MAX && sum.late[4] == UINT64_MAX, "and saturate");
	check(kt_rates_quantile(sum.late_all, 500) == 16, "so that a quantile still is one");
	kt_rates_device(&rates, NULL, &before, 0);
	kt_rates_add(&sum, &rates);
	check(sum.known && sum.state == KT_RATES_OWES && !sum.catchup_pct,
	      "the most telling state is that of all");
	now = before;
	now.catchup_rate_pct = 110;
	kt_rates_device(&rates, &before, &now, NS_PER_S);
	kt_rates_add(&sum, &rates);
	now.catchup_rate_pct = 300;
	kt_rates_device(&rates, &before, &now, NS_PER_S);
	kt_rates_add(&sum, &rates);
	now.catchup_rate_pct = 105;
	kt_rates_device(&rates, &before, &now, NS_PER_S);
	kt_rates_add(&sum, &rates);
	check(sum.state == KT_RATES_CATCHING_UP && sum.catchup_pct == 300,
	      "and the fastest catch-up");
}

/* The definition: the least bound that at least so many are below. */
static __u64 slow_quantile(const __u64 *late, unsigned int permille)
{
	__u64 count = 0, below = 0;
	unsigned int n;

	for (n = 0; n <= LAST; n++)
		count += late[n];
	for (n = 0; n <= LAST; n++) {
		below += late[n];
		if (count && below * 1000 >= count * permille)
			return kt_late_below_us(n);
	}

	return KT_RATES_NO_LATE;
}

static void test_quantile(void)
{
	static const unsigned int permilles[] = { 1, 500, 990, 999, 1000 };
	__u64 late[KVM_TIMERS_LATE_BUCKETS] = { 0 };
	unsigned int i, n, differ = 0;
	uint64_t seed = 1;

	check(kt_rates_quantile(late, 500) == KT_RATES_NO_LATE, "no interrupt, no lateness");
	late[0] = 1;
	check(kt_rates_quantile(late, 500) == 1 && kt_rates_quantile(late, 1000) == 1,
	      "one interrupt is every quantile");
	late[0] = 990;
	late[6] = 10;
	check(kt_rates_quantile(late, 990) == 1, "990 of 1000 are the 99th percentile");
	late[0] = 989;
	late[6] = 11;
	check(kt_rates_quantile(late, 990) == 64, "989 of 1000 are not");
	late[LAST] = 1;
	check(kt_rates_quantile(late, 990) == 64, "one of them in the last bucket");
	check(kt_rates_quantile(late, 1000) == KT_LATE_UNBOUNDED, "is the maximum, without a bound");
	memset(late, 0, sizeof(late));
	late[2] = UINT64_MAX;
	check(kt_rates_quantile(late, 1000) == 4 && kt_rates_quantile(late, 1) == 4,
	      "counters of 64 bits");

	for (i = 0; i < 20000; i++) {
		for (n = 0; n <= LAST; n++) {
			seed = seed * 6364136223846793005 + 1442695040888963407;
			late[n] = (seed >> 60) < 6 ? (seed >> 33) % 2000 : 0;
		}
		for (n = 0; n < sizeof(permilles) / sizeof(permilles[0]); n++)
			differ += kt_rates_quantile(late, permilles[n]) !=
				  slow_quantile(late, permilles[n]);
	}
	check(!differ, "20000 histograms, against the definition");
}

int main(void)
{
	test_rates();
	test_unknown();
	test_sum();
	test_quantile();
	printf("1..%u\n%u passed, %u failed\n", nr, nr - failed, failed);

	return failed ? 1 : 0;
}
