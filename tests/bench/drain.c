/* The floor: how long the kernel takes to hand out its routes to a program that looks at none of them.
 *
 * drain FAMILY: dumps the routes of one address family and prints the CPU seconds that took, and the bytes.
 */
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static char buffer[65536];

static int ends(long size)
{
	for (struct nlmsghdr *m = (void *)buffer; NLMSG_OK(m, size); m = NLMSG_NEXT(m, size)) {
		if (m->nlmsg_type == NLMSG_DONE || m->nlmsg_type == NLMSG_ERROR)
			return 1;
		if (m == (void *)buffer) { /* entries are all of one kind: on to what may be the end */
			struct nlmsghdr *last = (void *)(buffer + size - 20);
			if (size >= 20 && last->nlmsg_len == 20 && last->nlmsg_type == NLMSG_DONE)
				return 1;
			return 0;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct { struct nlmsghdr head; struct rtmsg body; } ask = {
		{ .nlmsg_len = sizeof ask, .nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		{ .rtm_family = argc > 1 ? atoi(argv[1]) : 2 },
	};
	int descriptor = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	long total = 0, size;
	clock_t start = clock();

	if (send(descriptor, &ask, sizeof ask, 0) < 0)
		return 1;
	do {
		size = recv(descriptor, buffer, sizeof buffer, 0);
		if (size <= 0)
			return 1;
		total += size;
	} while (!ends(size));
	printf("%.6f %ld\n", (double)(clock() - start) / CLOCKS_PER_SEC, total);
	return 0;
}
