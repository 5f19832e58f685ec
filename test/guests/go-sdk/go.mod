module guest

go 1.21

require warren.dev/sdk/go v0.0.0

replace warren.dev/sdk/go => ../../../sdk/go
