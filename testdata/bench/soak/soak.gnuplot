# Draws `samples`, a CSV file, to `image`; soak passes both.
set terminal png size 800,880 font "DejaVu Sans,9" noenhanced
set output image
set datafile separator ","
set key autotitle columnhead outside right top width -2
set multiplot layout 4,1
set grid ytics lt 1 lc rgb "#e0e0e0"
set border 3
set tics nomirror
set lmargin 10
set rmargin 27
set xrange [0:*] noextend
set yrange [0:*]
set style data lines

set ylabel "MB"
plot samples using 1:2 title "resident memory" lw 1.5, '' using 1:3 title "heap in use" lw 1.5, '' using 1:4 title "heap alive" lw 1.5
set ylabel "count"
plot samples using 1:5 title "goroutines" lw 1.5, '' using 1:6 title "descriptors" lw 1.5, '' using 1:7 title "media ports in use" lw 1.5
plot samples using 1:9 title "calls" lw 1.5, '' using 1:10 title "SIP legs" lw 1.5, '' using 1:12 title "TCP, TLS connections" lw 1.5
set xlabel "minutes"
set ylabel "count"
plot samples using 1:11 title "SIP transactions" lw 1.5, '' using 1:($13/100) title "call records / 100" lw 1.5
unset multiplot
