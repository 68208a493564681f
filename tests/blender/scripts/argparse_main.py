import argparse
import sys

import bpy


def parse():
    argv = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=3)
    parser.add_argument("--radius", type=float, default=2.0)
    return parser.parse_args(argv)


def main():
    args = parse()
    for i in range(args.count):
        bpy.ops.mesh.primitive_torus_add(major_radius=args.radius + i, location=(0, 0, i))


if __name__ == "__main__":
    main()
    sys.exit(0)
