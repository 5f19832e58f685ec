// These files take the place of files of Go's own library: `warren build` lays them over it. They are no module.
module warren.dev/sdk/go/overlay

go 1.21
