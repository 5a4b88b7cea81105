<?php
echo trim(shell_exec('/bin/echo shop')), "\n";
