# A CGI program: Ruby starts for each request, reads it from the environment and standard input, and ends.
$stdout.sync = true
puts "Content-Type: text/plain; charset=utf-8", ""

case ENV["PATH_INFO"]
when "/", "", nil
  puts "Hello from Ruby #{RUBY_VERSION}: it is #{Time.now.utc}"
when "/echo"
  print $stdin.read
else
  puts "There are / and /echo; this was #{ENV["REQUEST_METHOD"]} #{ENV["PATH_INFO"]}?#{ENV["QUERY_STRING"]}"
end
