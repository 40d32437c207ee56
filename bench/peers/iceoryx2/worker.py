"""NAME BYTES"""

import sys

from ends import End, view
from streambench.processes import die_with_parent
from streambench.touches import work

die_with_parent()
size = int(sys.argv[2])
end = End(sys.argv[1], size, "back", "to")
print("ready", flush=True)
while True:
    sample = end.receive()
    out = end.loan()
    work(view(sample, size), view(out, size))
    sample.delete()
    end.send(out)
