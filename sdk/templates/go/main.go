package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
)

type order struct {
	Items []struct {
		Price int `json:"price"`
		Count int `json:"count"`
	} `json:"items"`
}

func main() {
	http.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "Hello from Go")
	})
	http.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(w, r.Body)
	})
	http.HandleFunc("POST /total", func(w http.ResponseWriter, r *http.Request) {
		var o order
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
			http.Error(w, "this is no order", http.StatusBadRequest)
			return
		}
		total := 0
		for _, item := range o.Items {
			total += item.Price * item.Count
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]int{"items": len(o.Items), "total": total})
	})
	log.Fatal(http.ListenAndServe(":8000", nil))
}
